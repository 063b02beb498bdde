"""What a step of the pipeline can answer. Steps decide, `pipeline.py` writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from issues.states import Step


@dataclass(frozen=True)
class Advance:
    """The step is done: go on with `step`, and set `changes` on the session."""

    step: Step
    reason: str = ""
    message: str = ""
    changes: Mapping[str, Any] = field(default_factory=dict)
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Park:
    """Not now: come back at `retry_at` (None: a growing back-off). No attempt is used."""

    reason: str
    message: str
    retry_at: datetime | None = None


@dataclass(frozen=True)
class Hold:
    """A person must look: `needs_review`."""

    reason: str
    message: str


@dataclass(frozen=True)
class AttemptFailed:
    """The attempt counts: the next one follows with `message` in its prompt, or the session has failed."""

    reason: str
    message: str
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Drop:
    """There is nothing to do any more: `skipped`."""

    reason: str
    message: str


Outcome = Advance | Park | Hold | AttemptFailed | Drop
