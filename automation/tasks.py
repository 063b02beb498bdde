"""What the queue runs: one line each. Everything may be called twice."""

from __future__ import annotations

from django_q.conf import Conf

from automation import draining, pipeline
from automation import tend as tending
from automation import tick as ticking


def tick() -> int:
    return ticking.tick()


def tend(project_pk: int, *fence: int) -> None:
    tending.tend(project_pk, *fence)


def advance(session_pk: int) -> None:
    pipeline.advance(session_pk, handed_over=True)
    if draining.has_begun():
        # A worker that is replaced after its task never takes its STOP, and the cluster waits for that for ever.
        Conf.RECYCLE = 0
