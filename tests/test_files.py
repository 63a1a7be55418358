"""Files are written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from demosim.errors import DemosimError
from demosim.files import replacing, write_text


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
