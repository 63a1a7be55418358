"""Pages that are run: their commands and their Python, in a folder of their own, beside what they say is printed.

    python tests/doc_pages.py docs/tutorial.md ...

puts what is printed today into the pages. A block of a page is one of

* ```` ```toml NAME ```` or ```` ```csv NAME ````: a file of that name;
* ```` ```console ````: lines with `$ ` are commands, the others what they print;
* ```` ```python ````: code, in one namespace for the page; ```` ```text ```` after it is what it prints.

A line `...` stands for any lines that are left out. Other blocks are not run.
"""

from __future__ import annotations

import contextlib
import difflib
import io
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from demosim.cli import main

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"[−-]?[\d.,]+")
GAP = "..."
PRINTED = "what the Python above prints"


@dataclass(frozen=True)
class Step:
    """Something that was run: what it was, what the page says that it prints, and what it printed."""

    what: str
    said: list[str]
    printed: list[str]
    code: int = 0

    @property
    def agrees(self) -> bool:
        """Whether the page says what was printed; a page that shows nothing of a command agrees with anything."""
        return not self.said or matches(self.said, self.printed)


def matches(said: list[str], printed: list[str]) -> bool:
    """Whether lines are those that a page says, where `...` stands for any number of lines.

    >>> matches(["a", "...", "d"], ["a", "b", "c", "d"]), matches(["a", "c"], ["a", "b", "c"])
    (True, False)
    """
    if GAP not in said:
        return said == printed
    at = said.index(GAP)
    if said[:at] != printed[:at]:
        return False
    rest = said[at + 1 :]
    return any(matches(rest, printed[start:]) for start in range(at, len(printed) + 1))


def run_page(page: Path, folder: Path) -> Iterator[Step]:
    """Run the blocks of a page in their order; `folder` is where its files go, beside a copy of the examples."""
    shutil.copytree(ROOT / "scenarios", folder / "scenarios", dirs_exist_ok=True)
    names: dict[str, object] = {"__name__": page.stem}
    with contextlib.chdir(folder):
        for kind, file, body in blocks(page):
            if kind == "console":
                yield from (_command(command, said) for command, said in commands(body))
            elif kind == "python":
                yield _python(body, names)
            elif kind == "text":
                yield Step(PRINTED, body.splitlines(), lines(str(names.get("__printed__", ""))))
            elif file:
                Path(file).parent.mkdir(parents=True, exist_ok=True)
                Path(file).write_text(body, encoding="utf-8")


def blocks(page: Path) -> list[tuple[str, str, str]]:
    """Kind, file name and text of the blocks of a page."""
    return BLOCK.findall(page.read_text(encoding="utf-8"))


def commands(body: str) -> list[tuple[str, list[str]]]:
    """The commands of a console block, each with the lines that follow it."""
    found: list[tuple[str, list[str]]] = []
    for line in body.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        else:
            found[-1][1].append(line)
    return found


def lines(text: str) -> list[str]:
    """Lines without spaces at their ends, and without empty ones at the end."""
    return [line.rstrip() for line in text.rstrip().splitlines()]


def _command(command: str, said: list[str]) -> Step:
    words = shlex.split(command)
    if words[0] == "cp":
        shutil.copy(words[1], words[2])
        return Step(command, said, [])
    if words[0] != "demosim":
        raise ValueError(f"only demosim and cp are run, not {words[0]}")
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(out):
        try:
            main(words[1:])
        except SystemExit as end:
            code = int(end.code or 0)
    return Step(command, said, lines(out.getvalue()), code)


def _python(body: str, names: dict[str, object]) -> Step:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(compile(body, "page", "exec"), names)
    names["__printed__"] = out.getvalue()
    return Step(body, [], lines(out.getvalue()))


def shortened(said: list[str], printed: list[str]) -> list[str]:
    """What is printed today, left out where the page leaves out: of each line of the page the next one that is like it.

    >>> shortened(["Total 1", "...", "Sum 2"], ["Total 3", "Other 4", "Sum 5", "End"])
    ['Total 3', '...', 'Sum 5', '...']
    """
    if GAP not in said:
        return printed
    kept: list[str] = []
    labels, at = [_label(line) for line in printed], 0
    for label in map(_label, said):
        near = difflib.get_close_matches(label, labels[at:], n=1, cutoff=0.7) if label not in (GAP, "") else []
        if near:
            place = labels.index(near[0], at)
            kept += [GAP] * (place > at) + [printed[place]]
            at = place + 1
    return kept + [GAP] * (at < len(printed))


def _label(line: str) -> str:
    """What tells a line from others: its first word, which may be an age, and those of the rest that are no numbers."""
    words = line.split()
    return " ".join(words[:1] + [word for word in words[1:] if not NUMBER.fullmatch(word)])


def rewrite(page: Path, folder: Path) -> None:
    """Put what is printed today into a page."""
    text = page.read_text(encoding="utf-8")
    for step in run_page(page, folder):
        if step.said and not step.agrees:
            before = "```text\n" if step.what == PRINTED else f"$ {step.what}\n"
            old, new = (before + "\n".join(shown) for shown in (step.said, shortened(step.said, step.printed)))
            assert text.count(old) == 1, f"stands {text.count(old)} times: {old}"
            text = text.replace(old, new)
    page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as place:
            rewrite(Path(name).resolve(), Path(place))
