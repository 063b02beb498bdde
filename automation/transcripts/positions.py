"""A transcript read from any position, forwards and backwards, without reading what lies elsewhere.

A position is the number `n` that an entry was written with. A byte offset would mean something else as soon
as the tail files are renamed or joined; the number stays, and since numbers only grow within a file, a binary
search over its bytes finds one in a few small reads. A jump in the numbers is what was left out.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from automation.agents import jsonlines as read
from automation.agents.transcripts import tail_files
from projects.errors import OperatorError
from projects.redaction import redact

BLOCK = 1 << 14
LONGEST = 1 << 21  # bytes of one entry that are looked at; the runner ends an agent's line far below
NUMBER = re.compile(rb'\{"n": ?(\d{1,18})[,}]')
HEAD = re.compile(rb'\{"n": (\d{1,18}), "at": "([^"\\]{0,40})", "stream": "(\w{1,10})", "line": ')


@dataclass(frozen=True)
class Entry:
    """`size` is its bytes in the file. Of an entry longer than what is looked at, the line is empty."""

    n: int
    at: str
    stream: str
    line: str
    size: int
    is_cut: bool = False


def exists(path: Path) -> bool:
    """True also of what cannot be looked at: reading it says so."""
    try:
        return path.exists() or any(part.exists() for part in tail_files(path))
    except OSError:
        return True


def entries_from(path: Path, position: int, *, longest: int = LONGEST) -> Iterator[Entry]:
    """The entries numbered `position` and above; a last line that is still being written is left for later."""
    with _opened(path) as parts:
        begun = [part for part, first in parts if first <= position]
        for part in [*begun[-1:], *(part for part, first in parts if first > position)]:
            for line, size in _lines(part, _find(part, position)[0], longest):
                entry = _entry(line, size)
                if entry is not None and entry.n >= position:  # a join leaves lines twice for a moment
                    position = entry.n + 1
                    yield entry


def entries_before(path: Path, position: int | None = None, *, longest: int = LONGEST) -> Iterator[Entry]:
    """The entries below `position`, or all of them, the last one first."""
    with _opened(path) as parts:
        for part, _ in reversed(parts):
            for start, stop in _spans_back(part, _end_of(part, position)):
                line = os.pread(part.fileno(), min(stop - start, longest), start)
                entry = _entry(line, stop - start)
                if entry is not None and (position is None or entry.n < position):
                    position = entry.n
                    yield entry


@contextmanager
def _opened(path: Path) -> Iterator[list[tuple[IO[bytes], int]]]:
    """The files that hold entries, each with its first number, in the order of these.

    Raises OperatorError `log.unreadable` where one is there but cannot be opened or read.
    """
    older, newer = tail_files(path)
    try:
        with ExitStack() as stack:
            files = []
            for name in (newer, older, path):  # opened in this order, a rename between hides no file
                with suppress(FileNotFoundError):
                    files.append(stack.enter_context(name.open("rb")))
            numbered = [(file, _first_number(file)) for file in files]
            yield sorted(((file, n) for file, n in numbered if n is not None), key=lambda pair: pair[1])
    except OSError as error:
        raise OperatorError(
            "log.unreadable",
            "The log of this attempt cannot be read on this host.",
            "Who runs the host can check the owner and the permissions of its folder of logs.",
        ) from error


def _first_number(file: IO[bytes]) -> int | None:
    if found := NUMBER.match(os.pread(file.fileno(), 32, 0)):
        return int(found[1])
    later = _first_line(file, 0, _size(file))
    return later[1] if later else None


def _find(file: IO[bytes], position: int) -> tuple[int, int]:
    """Two offsets close together: all lines that start before the first one have lower numbers,
    all that start at the second one or later have not."""
    low, high = 0, _size(file)
    while high - low > BLOCK:
        middle = (low + high) // 2
        found = _first_line(file, middle, high)
        if found is not None and found[1] < position:
            low = found[0]
        else:
            high = middle
    return low, high


def _first_line(file: IO[bytes], start: int, stop: int) -> tuple[int, int] | None:
    """Offset and number of the first numbered line that starts after `start` and before `stop`."""
    for newline in _newlines(file, start, stop - 1):
        if found := NUMBER.match(os.pread(file.fileno(), 32, newline + 1)):
            return newline + 1, int(found[1])
    return None


def _newlines(file: IO[bytes], start: int, stop: int) -> Iterator[int]:
    while start < stop and (data := os.pread(file.fileno(), min(BLOCK, stop - start), start)):
        at = data.find(b"\n")
        while at >= 0:
            yield start + at
            at = data.find(b"\n", at + 1)
        start += len(data)


def _newlines_back(file: IO[bytes], stop: int) -> Iterator[int]:
    while stop > 0:
        start = max(0, stop - BLOCK)
        data = os.pread(file.fileno(), stop - start, start)
        at = data.rfind(b"\n")
        while at >= 0:
            yield start + at
            at = data.rfind(b"\n", 0, at)
        stop = start


def _end_of(file: IO[bytes], position: int | None) -> int:
    """An offset behind every line below `position`."""
    size = _size(file)
    if position is None:
        return size
    high = _find(file, position)[1]
    return next((newline + 1 for newline in _newlines(file, high, size)), size)


def _spans_back(file: IO[bytes], stop: int) -> Iterator[tuple[int, int]]:
    """Where each whole line begins and ends, the last one first."""
    end = 0
    for newline in _newlines_back(file, stop):
        if end:
            yield newline + 1, end
        end = newline + 1
    if end:
        yield 0, end


def _lines(file: IO[bytes], offset: int, longest: int) -> Iterator[tuple[bytes, int]]:
    """Each whole line from `offset` on, or the beginning of a longer one, with its size."""
    file.seek(offset)
    while line := file.readline(longest):
        last = line
        while last and not last.endswith(b"\n"):
            last = file.readline(longest)
        if not last:  # still being written, or torn
            return
        stop = file.tell()
        yield line, stop - offset
        offset = stop


def _entry(line: bytes, size: int) -> Entry | None:
    """None for what no writer wrote in one piece: it counts as left out."""
    if size > len(line):
        found = HEAD.match(line)
        if found is None:
            return None
        at, stream = (group.decode("utf-8", "replace") for group in found.group(2, 3))
        return Entry(int(found[1]), at, stream, "", size, is_cut=True)
    data = read.decode(line)
    number, text = data.get("n"), data.get("line", "")
    if not isinstance(number, int) or number < 0 or not isinstance(text, str):
        return None
    shown = redact(text).encode("utf-8", "replace").decode()  # no lone surrogate, that nothing could send on
    return Entry(number, read.text(data.get("at"), 40), read.text(data.get("stream"), 10), shown, size)


def _size(file: IO[bytes]) -> int:
    return os.fstat(file.fileno()).st_size
