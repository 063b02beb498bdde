"""A git patch read from a stream, file by file, within limits: what is too large is counted and not kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

from projects.redaction import redact

LINE_BYTES = 8_000
FILE_LINES = 1_500
PAGE_LINES = 4_000
FILES = 300
READ_BYTES = 40_000_000
NEW_FILE = b"diff --git "
NOTES = (
    (re.compile(r"new file mode (\d+)"), "new file"),
    (re.compile(r"deleted file mode (\d+)"), "deleted"),
    (re.compile(r"rename from (.+)"), "renamed from {}"),
    (re.compile(r"copy from (.+)"), "copied from {}"),
    (re.compile(r"old mode (\d+)"), "mode {}"),
    (re.compile(r"new mode (\d+)"), "to {}"),
    (re.compile(r"Binary files .* differ"), "binary or very large, not shown"),
)
LINKS = {"120000": "symbolic link", "160000": "submodule"}
MODES = {"100644": "ordinary file", "100755": "executable file"} | LINKS


@dataclass
class FilePatch:
    """One file's part: `hunks` is empty when it has none, or when `too_large`."""

    header: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    added: int = 0
    removed: int = 0
    too_large: bool = False

    @property
    def hunks(self) -> str:
        return redact("\n".join(self.lines)) + "\n" if self.lines else ""

    @property
    def path(self) -> str:
        """Its name now, or the last one of a deleted file; as git quotes it when it is odd."""
        for start, skipped in (("rename to ", 0), ("+++ ", 2), ("--- ", 2)):
            for line in self.header:
                if line.startswith(start) and line != f"{start}/dev/null":
                    return redact(_unprefixed(line.removeprefix(start).rstrip("\t"), skipped))
        both = self.header[0].removeprefix(NEW_FILE.decode()) if self.header else ""
        return redact(_unprefixed(both[len(both) // 2 + 1 :], 2)) or "unnamed file"

    @property
    def notes(self) -> list[str]:
        """What is special about the change, in words."""
        said = []
        for line in self.header[1:]:
            for pattern, words in NOTES:
                found = pattern.fullmatch(line)
                if found:
                    value = found[1] if pattern.groups else ""
                    link = [LINKS[value]] if value in LINKS and "{}" not in words else []
                    said += [words.format(MODES.get(value, redact(value))), *link]
        return said


@dataclass
class Patch:
    """The files that are kept, in order, and what all of them amount to."""

    files: list[FilePatch] = field(default_factory=list)
    file_count: int = 0
    added: int = 0
    removed: int = 0
    is_cut: bool = False


def read_patch(source: IO[bytes]) -> Patch:
    """Read on to the end or to READ_BYTES, keeping at most FILES files and PAGE_LINES lines."""
    patch, current, kept, in_hunks = Patch(), FilePatch(), 0, False
    read = 0
    for raw, size in _lines(source):
        read += size
        if read > READ_BYTES:
            patch.is_cut = True
            break
        if raw.startswith(NEW_FILE):
            _finish(patch, current)
            kept += len(current.lines)
            current, in_hunks = FilePatch(), False
            patch.file_count += 1
            if patch.file_count <= FILES:
                patch.files.append(current)
        in_hunks = in_hunks or raw.startswith(b"@@ ")
        _take(current, raw, in_hunks=in_hunks, room=PAGE_LINES - kept)
    _finish(patch, current)
    return patch


def _take(current: FilePatch, raw: bytes, *, in_hunks: bool, room: int) -> None:
    if not in_hunks:
        current.header.append(raw.decode(errors="replace"))
        return
    current.added += raw.startswith(b"+")
    current.removed += raw.startswith(b"-")
    if not current.too_large:
        current.lines.append(raw.decode(errors="replace"))
        if len(current.lines) > min(FILE_LINES, room):
            current.lines, current.too_large = [], True


def _finish(patch: Patch, current: FilePatch) -> None:
    patch.added += current.added
    patch.removed += current.removed


def _lines(source: IO[bytes]) -> Iterator[tuple[bytes, int]]:
    """Each line without its end, its first LINE_BYTES only, and how many bytes it really had."""
    while line := source.readline(LINE_BYTES):
        size, rest = len(line), line
        while rest and not rest.endswith(b"\n"):
            rest = source.readline(LINE_BYTES)
            size += len(rest)
        yield line.removesuffix(b"\n"), size


def _unprefixed(name: str, skipped: int) -> str:
    """Without `a/` or `b/`, inside of quotes too."""
    return f'"{name[1 + skipped :]}' if name.startswith('"') else name[skipped:]
