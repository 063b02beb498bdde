"""The record of a run: JSON lines, redacted, of which head and tail are kept however much an agent prints.

While a run goes on, its tail lies in two more files beside the transcript; its end joins them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal

from automation.agents.jsonlines import decode
from projects.redaction import redact

MAX_BYTES = 50_000_000
Stream = Literal["stdout", "stderr", "note"]


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

    def write(self, stream: Stream, line: bytes | str) -> None:
        text = line if isinstance(line, str) else line.decode("utf-8", "replace")
        entry = {"n": self._number, "at": _now(), "stream": stream, "line": redact(text)}
        self._number += 1
        data = json.dumps(entry, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        if self._written + len(data) > self._room:
            self._turn_over()
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


def read_entries(path: Path) -> Iterator[dict[str, Any]]:
    """The entries so far, of a run that still goes on too. A gap in `n` is what was left out."""
    last = -1
    for part in (path, *tail_files(path)):
        if not part.exists():
            continue
        with part.open("rb") as file:
            for line in file:
                entry = decode(line)
                if entry and entry["n"] > last:  # a join that was cut short leaves lines twice
                    last = entry["n"]
                    yield entry


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
