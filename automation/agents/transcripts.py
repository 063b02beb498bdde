"""The record of a run: JSON lines, redacted, of which head and tail are kept however much an agent prints.

While a run goes on, its tail lies in two more files beside the transcript; its end joins them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal

from automation.agents.jsonlines import decode
from projects.redaction import redact, redact_lines

MAX_BYTES = 50_000_000
Stream = Literal["stdout", "stderr", "note"]
quoted = json.JSONEncoder(ensure_ascii=False).encode


class Transcript:
    """A context manager. The head takes half of `max_bytes`; each of the two tail files a quarter."""

    def __init__(self, path: Path, *, max_bytes: int = MAX_BYTES) -> None:
        self.path = path
        self.older, self.newer = tail_files(path)
        self._head_bytes, self._tail_bytes = max_bytes // 2, max_bytes // 4
        self._number = 0
        self._file: IO[bytes] | None = None
        self._written = self._room = 0

    def __enter__(self) -> Transcript:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        for stale in (self.older, self.newer):
            stale.unlink(missing_ok=True)
        self._file = self.path.open("wb", buffering=0)
        self._room = self._head_bytes
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
        join(self.path)

    def write(self, stream: Stream, text: str) -> None:
        self._add(stream, [redact(text)])

    def write_lines(self, stream: Stream, lines: Sequence[bytes]) -> None:
        """Lines that came together. A flood makes millions: one by one they would cost several times as much."""
        self._add(stream, redact_lines([line.decode("utf-8", "replace") for line in lines]))

    def _add(self, stream: Stream, texts: Sequence[str]) -> None:
        middle = f', "at": "{_now()}", "stream": "{stream}", "line": '
        ready: list[bytes] = []
        size = 0
        for number, text in enumerate(texts, start=self._number):
            data = f'{{"n": {number}{middle}{quoted(text)}}}\n'.encode("utf-8", "replace")
            if self._written + size + len(data) > self._room:
                self._put(b"".join(ready))
                self._turn_over()
                ready, size = [], 0
            ready.append(data)
            size += len(data)
        self._put(b"".join(ready))
        self._number += len(texts)

    def _put(self, data: bytes) -> None:
        if self._file is not None:
            self._file.write(data)
            self._written += len(data)

    def _turn_over(self) -> None:
        """The head, or the newer tail, is full: go on in a fresh tail file and forget the older one."""
        if self._file is not None:
            self._file.close()
        if self.newer.exists():
            self.newer.replace(self.older)
        self._file = self.newer.open("wb", buffering=0)
        self._written, self._room = 0, self._tail_bytes


def tail_files(path: Path) -> tuple[Path, Path]:
    return path.with_name(path.name + ".older"), path.with_name(path.name + ".newer")


def join(path: Path) -> None:
    """Append the tail files, also those that a killed worker left behind, and remove them."""
    with path.open("ab") as whole:
        for part in tail_files(path):
            if part.exists():
                with part.open("rb") as file:
                    while chunk := file.read(1 << 20):
                        whole.write(chunk)
                part.unlink()


class Reader:
    """The entries of a transcript, of a run that still goes on too. A gap in `n` is what was left out.

    Files are renamed under our eyes, and joined in the end: each is known by the number it begins with.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offsets: dict[int, int] = {}
        self._last = -1

    def read(self) -> Iterator[dict[str, Any]]:
        """What was added since the last look."""
        older, newer = tail_files(self._path)
        with ExitStack() as opened:
            files = []
            for part in (newer, older, self._path):  # opened in this order, a rename between hides no file
                with suppress(FileNotFoundError):
                    files.append(opened.enter_context(part.open("rb")))
            for file in reversed(files):
                yield from self._go_on(file)

    def _go_on(self, file: IO[bytes]) -> Iterator[dict[str, Any]]:
        begin = decode(file.readline()).get("n", -1)
        offset = file.seek(self._offsets.get(begin, 0))
        for line in file:
            if not line.endswith(b"\n"):  # still being written, or torn
                return
            offset += len(line)
            self._offsets[begin] = offset
            entry = decode(line)
            if entry and entry["n"] > self._last:  # a join leaves lines twice for a moment
                self._last = entry["n"]
                yield entry


def read_entries(path: Path) -> Iterator[dict[str, Any]]:
    """All entries so far."""
    return Reader(path).read()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
