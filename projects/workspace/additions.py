"""What commits add to a repository as one flow of text: their messages and authors, names of files, added lines."""

from __future__ import annotations

import codecs
from collections.abc import Callable

from projects.workspace.git import Git

SAID = "--format=%an <%ae>%n%cn <%ce>%n%B"
# A merge shows what is in none of its parents. `--text`: nothing counts as binary, whatever attributes say.
PATCHES = (
    *("--format=", "--patch", "--cc", "--unified=0", "--text"),
    *("--no-ext-diff", "--no-textconv", "--no-color"),
)
LONG_LINE = 1_000_000


def read(git: Git, span: str, sink: Callable[[str], None]) -> None:
    """Hand it to `sink` piece by piece, of whatever length. `span` is like `base..head`. Raises what `Git.run` does."""
    _feed(git, ("log", SAID, "--no-patch", span), sink)
    lines = _AddedLines(sink)
    _feed(git, ("log", *PATCHES, span), lines.add)
    lines.finish()


def _feed(git: Git, args: tuple[str, ...], sink: Callable[[str], None]) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    git.run(*args, on_stdout=lambda chunk: sink(decoder.decode(chunk)))


class _AddedLines:
    """Leaves out of a patch the removed lines, and the marks before the added ones: as many as a commit has parents."""

    def __init__(self, sink: Callable[[str], None]) -> None:
        self._sink = sink
        self._marks = 1
        self._begun = ""

    def add(self, text: str) -> None:
        *lines, self._begun = (self._begun + text).split("\n")
        if lines:
            self._sink("".join(f"{self._added(line)}\n" for line in lines))
        if len(self._begun) > LONG_LINE:
            self._sink(self._added(self._begun))
            self._begun = self._begun[: self._marks]

    def finish(self) -> None:
        self._sink(self._added(self._begun))

    def _added(self, line: str) -> str:
        if line.startswith("@@"):
            self._marks = len(line) - len(line.lstrip("@")) - 1
            return ""
        if line.startswith("diff "):
            self._marks = 1
            return line
        marks = line[: self._marks]
        if "-" in marks:
            return ""
        return line if marks.strip("+ ") else line[self._marks :]
