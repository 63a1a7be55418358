"""Files are written whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from demosim import files
from demosim.errors import DemosimError
from demosim.files import replacing, replacing_folder, write_text


def test_the_file_takes_its_place_when_all_went_well(tmp_path: Path) -> None:
    write_text(tmp_path / "new" / "a.txt", "å\n")
    assert (tmp_path / "new" / "a.txt").read_bytes() == "å\n".encode()
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.txt"]


def test_an_error_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    write_text(target, "old")
    with pytest.raises(UnicodeEncodeError), replacing(target) as temporary:
        temporary.write_text("new \ud800", encoding="utf-8")
    assert target.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_an_interruption_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), replacing(tmp_path / "a.txt"):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(DemosimError, match="cannot be written"), replacing(tmp_path / "a.txt"):
        raise OSError(28, "No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_the_way(tmp_path: Path) -> None:
    with pytest.raises(DemosimError, match="is a folder"), replacing(tmp_path):
        pass
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(DemosimError, match="cannot be written"), replacing(tmp_path / "file" / "a.txt"):
        pass


NEW, OLD = {"a.nc": "new a", "b.nc": "new b", "source.toml": "new"}, {"a.nc": "old a", "source.toml": "old"}


def fill(folder: Path, texts: dict[str, str]) -> None:
    for name, text in texts.items():
        write_text(folder / name, text)


def inside(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}


def replace(folder: Path, at_the_end: Callable[[], None]) -> None:
    with replacing_folder(folder, "source.toml") as made:
        fill(made, NEW)
        at_the_end()


def interrupt() -> None:
    raise KeyboardInterrupt


def test_a_new_folder_comes_at_one_stroke(tmp_path: Path) -> None:
    target = tmp_path / "of" / "mine"
    with replacing_folder(target, "source.toml") as made:
        fill(made, NEW)
        assert not target.exists()
    assert inside(target) == NEW
    assert list(target.parent.iterdir()) == [target]


def test_files_of_a_folder_are_replaced_and_others_stay(tmp_path: Path) -> None:
    target = tmp_path / "mine"
    fill(target, {**OLD, "notes.txt": "of the reader"})
    with replacing_folder(target, "source.toml") as made:
        fill(made, NEW)
        assert inside(target) == {**OLD, "notes.txt": "of the reader"}
    assert inside(target) == {**NEW, "notes.txt": "of the reader"}
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("there", [True, False])
def test_a_folder_that_is_not_finished_changes_nothing(tmp_path: Path, there: bool) -> None:
    if there:
        fill(tmp_path / "mine", OLD)
    with pytest.raises(KeyboardInterrupt):
        replace(tmp_path / "mine", interrupt)
    assert [inside(path) for path in tmp_path.iterdir()] == ([OLD] if there else [])


@pytest.mark.parametrize("moves", range(5))
def test_an_interruption_between_two_files_brings_the_old_ones_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moves: int
) -> None:
    """Two files go and three come: wherever that stops, the folder is as it was."""
    target, put, left = tmp_path / "mine", files._put, [moves]
    fill(target, {**OLD, "notes.txt": "of the reader"})

    def stops(temporary: Path, path: Path) -> None:
        left[0] -= 1
        if left[0] == -1:
            raise KeyboardInterrupt
        put(temporary, path)

    with pytest.raises(KeyboardInterrupt):
        replace(target, lambda: monkeypatch.setattr(files, "_put", stops))
    assert inside(target) == {**OLD, "notes.txt": "of the reader"}
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("moves", range(1, 5))
def test_a_stop_of_the_machine_leaves_a_folder_without_its_last_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moves: int
) -> None:
    """Nothing runs after that, so nothing comes back: what is seen then lacks the file that makes it a whole."""
    target, put, seen = tmp_path / "mine", files._put, []
    fill(target, OLD)

    def watched(temporary: Path, path: Path) -> None:
        put(temporary, path)
        seen.append(inside(target))

    with replacing_folder(target, "source.toml") as made:
        fill(made, NEW)
        monkeypatch.setattr(files, "_put", watched)
    assert "source.toml" not in seen[moves - 1]
    assert seen[-1] == NEW
    assert len(seen) == 5


def test_a_table_is_read_past_its_comments_and_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("\ufeff# made by hand\nmunicipality, group\n0301, øst\n", encoding="utf-8")
    table = files.read_csv(path, ("municipality", "group"), dtype=str)
    assert table.to_dict("list") == {"municipality": ["0301"], "group": ["øst"]}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, r"mine\.csv: there is no such file; draw one"),
        (b"", r"mine\.csv: is not a readable CSV file \(.*\); draw one"),
        (b"\xff\xfe\x00", r"mine\.csv: is not a readable CSV file"),
        (b"place,group\n1,2,3\n1,2,3,4\n", r"mine\.csv: is not a readable CSV file"),
        (b"place,group\n1,a\n", r"mine\.csv: municipality: has no such column; columns municipality, group, share"),
    ],
)
def test_what_is_no_table_is_refused_with_what_to_do(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "mine.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DemosimError, match=said) as caught:
        files.read_csv(path, ("municipality", "group", "share"), how="draw one")
    assert caught.value.exit_code == 2
    assert len(caught.value.problems) == (2 if "column" in said else 1)
