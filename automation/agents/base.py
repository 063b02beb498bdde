"""What every agent adapter is given and gives back.

An adapter turns a task into a command line, lines of output into events, and the end into a result.
It does no I/O: the runner does all of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Literal, Protocol

from automation.agents.events import Digest, Event
from projects.workspace import supervision

Marker = Literal["complete", "needs-human", "blocked"]
EndedBy = supervision.EndedBy | Literal["turns", "grace"]


class Outcome(StrEnum):
    """How a run ended. Only git knows whether `done` changed anything: the caller may make it `no_change`."""

    DONE = "done"
    NO_CHANGE = "no_change"
    ASKED = "asked"
    BLOCKED = "blocked"
    REFUSED = "refused"
    TURN_LIMIT = "turn_limit"
    BUDGET = "budget"
    AUTH = "auth"
    RATE_LIMIT = "rate_limit"
    OVERLOADED = "overloaded"
    MODEL_ERROR = "model_error"
    USAGE_LIMIT = "usage_limit"
    CONTEXT_TOO_LONG = "context_too_long"
    SESSION_LOST = "session_lost"
    TIMEOUT = "timeout"
    STALLED = "stalled"
    FLOOD = "flood"
    MEMORY = "memory"
    PROCESSES = "processes"
    WRITES = "writes"
    NO_SPACE = "no_space"
    CANCELLED = "cancelled"
    HANDED_OVER = "handed_over"
    CRASHED = "crashed"
    MISSING_TOOL = "missing_tool"


@dataclass(frozen=True, kw_only=True)
class AgentTask:
    """One run. `work_dir` and `home` are paths as the agent sees them; `command` is the operator's.

    `session_id` is the agent's own conversation: chosen by us, or to be taken up again when `resume` is set.
    The prior tokens are what earlier runs of that conversation have used, for CLIs that report its sum.
    """

    prompt: str
    work_dir: Path
    home: Path
    command: str
    sandboxed: bool
    session_id: str | None = None
    resume: bool = False
    model: str = ""
    max_turns: int | None = None
    max_cost_usd: Decimal | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    prior_input_tokens: int = 0
    prior_output_tokens: int = 0


@dataclass(frozen=True)
class Launch:
    """What to start. `files` are first written below the home: bytes, or the path of a file to copy."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    stdin: bytes = b""
    files: Mapping[str, bytes | Path] = field(default_factory=dict)
    version_argv: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ending:
    """How the process ended, as the runner saw it."""

    exit_code: int | None
    ended_by: EndedBy
    stderr: str = ""
    disk_cap: str = ""  # in words


@dataclass(frozen=True)
class AgentResult:
    outcome: Outcome
    message: str
    agent_session_id: str | None = None
    version: str = ""
    turns: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: Decimal | None = None
    final_text: str = ""
    marker: Marker | None = None
    marker_text: str = ""
    retry_at: datetime | None = None
    exit_code: int | None = None


class Adapter(Protocol):
    """One kind of agent. `supported_version` is the one that our recorded lines come from, if any."""

    @property
    def name(self) -> str: ...
    @property
    def supported_version(self) -> str: ...
    @property
    def can_resume(self) -> bool: ...
    @property
    def chooses_session_id(self) -> bool: ...
    @property
    def limits_turns(self) -> bool: ...

    def build(self, task: AgentTask) -> Launch: ...
    def parse(self, line: bytes) -> Sequence[Event]: ...
    def finish(self, task: AgentTask, digest: Digest, ending: Ending) -> AgentResult: ...
