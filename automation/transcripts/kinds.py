"""The events that a log shows, whatever agent printed them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from projects.redaction import redact


class Kind(StrEnum):
    MESSAGE = "message"
    TOOL = "tool"
    RESULT = "result"
    STARTED = "started"
    FINISHED = "finished"
    RETRY = "retry"
    NOTE = "note"
    STDERR = "stderr"
    OUTPUT = "output"
    OTHER = "other"
    GAP = "gap"


class Show(StrEnum):
    """The filter of a log."""

    ALL = "all"
    MESSAGES = "messages"
    TOOLS = "tools"
    ERRORS = "errors"


OF_FILTER = {
    Show.ALL: frozenset(Kind),
    Show.MESSAGES: frozenset({Kind.MESSAGE, Kind.OUTPUT, Kind.NOTE, Kind.FINISHED, Kind.GAP}),
    Show.TOOLS: frozenset({Kind.TOOL, Kind.RESULT, Kind.GAP}),
}


TEXTS = ("text", "name", "detail", "call")


@dataclass(frozen=True)
class Edit:
    old: str
    new: str


@dataclass(frozen=True)
class Shown:
    """`part` counts the events of one entry. `call` joins a tool's call and its result."""

    kind: Kind
    text: str = ""
    name: str = ""
    detail: str = ""
    is_error: bool = False
    call: str = ""
    exit_status: int | None = None
    edits: tuple[Edit, ...] = ()
    result: Shown | None = None
    n: int = 0
    part: int = 0
    at: str = ""
    before: int = 0

    @property
    def position(self) -> int:
        """The number of the entry that this is news of: a call shown `before` is news by its result."""
        return self.result.n if self.result is not None and self.n < self.before else self.n

    @property
    def anchor(self) -> str:
        return f"e{self.n}-{self.part}" if self.part else f"e{self.n}"

    @property
    def has_failed(self) -> bool:
        return self.is_error or (self.result is not None and self.result.is_error)

    @property
    def moment(self) -> datetime | None:
        try:
            return datetime.fromisoformat(self.at)
        except ValueError:
            return None

    @property
    def seconds(self) -> float | None:
        """How long a tool ran."""
        begun, ended = self.moment, self.result.moment if self.result else None
        if begun is None or ended is None or (begun.tzinfo is None) != (ended.tzinfo is None):
            return None
        return max(0.0, (ended - begun).total_seconds())

    def is_in(self, show: Show) -> bool:
        if show == Show.ERRORS:
            return self.has_failed or self.kind == Kind.GAP
        return self.kind in OF_FILTER[show]

    def of_entry(self, n: int, part: int, at: str) -> Shown:
        """Masked again: JSON may have hidden a secret behind its escapes when the entry was written."""
        given: dict[str, Any] = {name: redact(text) for name in TEXTS if (text := getattr(self, name))}
        if self.edits:
            given["edits"] = tuple(Edit(redact(edit.old), redact(edit.new)) for edit in self.edits)
        return replace(self, n=n, part=part, at=at, **given)
