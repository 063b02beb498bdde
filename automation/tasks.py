"""What the queue runs: one line each. Everything may be called twice."""

from __future__ import annotations

from automation import pipeline
from automation import tend as tending
from automation import tick as ticking


def tick() -> int:
    return ticking.tick()


def tend(project_pk: int) -> None:
    tending.tend(project_pk)


def advance(session_pk: int) -> None:
    pipeline.advance(session_pk, handed_over=True)
