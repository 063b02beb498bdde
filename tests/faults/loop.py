"""Simulated time and simulated processes: one event at a time, and one worker at a time runs until it sleeps.

Each worker is a thread with a database connection of its own; it holds the baton from being woken until it sleeps in
simulated time. A killed one unwinds with `Killed`, and all that it still tries meanwhile is refused by the seams.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any

from django.db import connection

EPOCH = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


class Killed(BaseException):
    """The worker was killed: nothing may catch this, and nothing may be done any more."""


class _Fate:
    """Takes note of how a job ended, whatever ended it."""

    def __init__(self) -> None:
        self.error: BaseException | None = None

    def __enter__(self) -> _Fate:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self.error = error
        return True


@dataclass
class Job:
    """What a message asks for: tick, tend or advance, and the row's id."""

    kind: str
    pk: int = 0
    facts: dict[str, Any] = field(default_factory=dict)

    def again(self) -> Job:
        """The same message, delivered once more."""
        return Job(self.kind, self.pk, {"fence": self.facts.get("fence", ())})


class Worker:
    """A process of a cluster. `job` is what it works on now; `is_dead` until it has unwound."""

    def __init__(self, name: str, loop: Loop, prepare: Callable[[Worker], None]) -> None:
        self.name, self.loop = name, loop
        self.job: Job | None = None
        self.is_dead = self.is_paused = False
        self.wakes_at = 0.0
        self.pid = 0
        self.skew = 0.0  # of its host's clock
        self._prepare = prepare
        self._baton = threading.Semaphore(0)
        self._work: Callable[[], None] | None = None
        self._thread = threading.Thread(target=self._live, name=name, daemon=True)
        self._thread.start()

    def start(self, job: Job, work: Callable[[], None]) -> None:
        """Let it do `work`, in the scheduler's turn; returns when it sleeps or has ended."""
        self.job, self._work = job, work
        self._give()

    def sleep(self, seconds: float) -> None:
        """From the worker's own thread: let `seconds` of simulated time pass while others run."""
        self.wakes_at = self.loop.now + seconds
        self.loop.at(self.wakes_at, self._wake, self.job, self.wakes_at)
        self.loop.scheduler.release()
        self._baton.acquire()
        if self.is_dead:
            raise Killed

    def kill(self) -> None:
        """From the scheduler: kill -9, wherever it sleeps."""
        if self.job is not None and not self.is_dead:
            self.is_dead = True
            self._give()

    def end(self) -> None:
        self._work = None
        self._baton.release()
        self._thread.join()

    def _wake(self, job: Job, wakes_at: float) -> None:
        if self.job is job and self.wakes_at == wakes_at and not self.is_dead:
            self.is_paused = False
            self._give()

    def _give(self) -> None:
        self._baton.release()
        self.loop.scheduler.acquire()

    def _live(self) -> None:
        self._prepare(self)
        while True:
            self._baton.acquire()
            if self._work is None:
                connection.close()
                return
            with _Fate() as fate:
                self._work()
            job, self.job, self._work = self.job, None, None
            if self.is_dead or connection.in_atomic_block:
                connection.close()
            self.loop.ended(self, job, None if self.is_dead else fate.error)
            self.is_dead = self.is_paused = False
            self.loop.scheduler.release()


class Loop:
    """The queue of events. `ended` is told of each job's end: worker, job, and the error that it ended with."""

    def __init__(self) -> None:
        self.now = 0.0
        self.scheduler = threading.Semaphore(0)
        self.on_end: Callable[[Worker, Job, BaseException | None], None] = lambda worker, job, error: None
        self._events: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._numbers = itertools.count()

    def reset(self) -> None:
        self.now = 0.0
        self._events.clear()

    def moment(self) -> datetime:
        return EPOCH + timedelta(seconds=self.now)

    def at(self, moment: float, act: Callable[..., None], *args: Any) -> None:
        heapq.heappush(self._events, (max(moment, self.now), next(self._numbers), act, args))

    def run(self, until: float, is_over: Callable[[], bool]) -> None:
        """Let things happen until that moment, or until it is over."""
        while self._events and self._events[0][0] <= until and not is_over():
            self.now, _, act, args = heapq.heappop(self._events)
            act(*args)

    def ended(self, worker: Worker, job: Job, error: BaseException | None) -> None:
        self.on_end(worker, job, error)
