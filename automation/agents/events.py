"""What an agent's output means, whatever CLI printed it, and the little that is remembered of a long run."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True)
class Started:
    session_id: str
    model: str = ""
    version: str = ""


@dataclass(frozen=True)
class Turn:
    """One answer of the model. The same key may come again: it counts once."""

    key: str


@dataclass(frozen=True)
class Text:
    text: str


@dataclass(frozen=True)
class ToolCall:
    id: str
    name: str
    detail: str


@dataclass(frozen=True)
class ToolResult:
    id: str
    text: str
    is_error: bool


@dataclass(frozen=True)
class Retry:
    """The CLI failed to reach its model and tries again by itself: not final."""

    status: int | None
    message: str


@dataclass(frozen=True)
class Usage:
    """Tokens as the CLI reports them: input includes what came from a cache. Cost is None when unknown."""

    input_tokens: int
    output_tokens: int
    cost_usd: Decimal | None = None


@dataclass(frozen=True)
class Finished:
    """The CLI's own last word on its run. `reason` is its word for the way it ended."""

    is_error: bool
    reason: str = ""
    status: int | None = None
    text: str = ""
    turns: int | None = None
    usage: Usage | None = None


Event = Started | Turn | Text | ToolCall | ToolResult | Retry | Finished


@dataclass
class Digest:
    """What is kept of a run's events, however many there are. `retrying` is the last one, if it is that."""

    started: Started | None = None
    finished: Finished | None = None
    retrying: Retry | None = None
    last_text: str = ""
    turn_keys: set[str] = field(default_factory=set)

    @property
    def turns(self) -> int:
        return len(self.turn_keys)

    def add(self, event: Event) -> None:
        self.retrying = event if isinstance(event, Retry) else None
        match event:
            case Started():
                self.started = event
            case Finished():
                self.finished = event
            case Text():
                self.last_text = event.text
            case Turn():
                self.turn_keys.add(event.key)
            case Retry() | ToolCall() | ToolResult():
                pass
