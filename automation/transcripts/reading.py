"""A whole transcript as text, piece by piece: for people, or line by line as it was stored."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from automation.transcripts.events import events_of
from automation.transcripts.kinds import Kind, Shown
from automation.transcripts.positions import entries_from
from issues.sanitize import clean_line, make_visible

LONGEST = 1 << 24
BLOCK = 1 << 16


def stored(path: Path) -> Iterator[str]:
    for entry in entries_from(path, 0, longest=LONGEST):
        fields = {"n": entry.n, "at": entry.at, "stream": entry.stream, "line": entry.line}
        yield json.dumps(fields, ensure_ascii=False) + "\n"


def readable(path: Path, agent: str) -> Iterator[str]:
    """Each event under a line with its number, time and kind; nothing that a terminal would obey."""
    expected = 0
    for entry in entries_from(path, 0, longest=LONGEST):
        if entry.n > expected:
            yield f"… {entry.n - expected:,} entries were left out …\n\n"
        expected = entry.n + 1
        for event in events_of(entry, agent):
            yield _as_text(event)


def in_blocks(lines: Iterable[str]) -> Iterator[bytes]:
    ready: list[str] = []
    size = 0
    for line in lines:
        ready.append(line)
        size += len(line)
        if size >= BLOCK:
            yield "".join(ready).encode("utf-8", "replace")
            ready, size = [], 0
    yield "".join(ready).encode("utf-8", "replace")


def _as_text(event: Shown) -> str:
    if event.kind == Kind.OUTPUT:
        return f"{make_visible(event.text)}\n"
    failed = "failed" if event.is_error else ""
    status = f"exit {event.exit_status}" if event.exit_status is not None else failed
    head = filter(None, (f"#{event.n}", event.at, event.kind, clean_line(event.name), status))
    edits = [text for edit in event.edits for text in ("--- before", edit.old, "+++ after", edit.new)]
    body = [part for part in (event.detail, event.text, *edits) if part]
    return make_visible("\n".join([" ".join(head), *body])) + "\n\n"
