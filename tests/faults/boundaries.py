"""The moments at which a worker may be killed, paused or failed, numbered as it comes to them.

There is one before and one after each commit, each request, each program that is run.
"""

from __future__ import annotations

import hashlib
import re
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import connection

from tests.faults.loop import Killed, Worker

if TYPE_CHECKING:
    from tests.faults.world import World

HERE = threading.local()
QUOTA_NOTED = "after update projects_credential"
# A pause in a transaction would stop all others, and a change that has left the last look at its lease behind is on
# the wire: nobody can call it back.
UNINTERRUPTED = ("before commit", "before POST", "before PATCH", "sent ", "after update issues_issuesession")


def current() -> Worker | None:
    """The worker whose thread this is; None in the scheduler's, where people and heartbeats act."""
    return getattr(HERE, "worker", None)


@dataclass
class Blow:
    """What happens to the worker that comes to the `number`th boundary of the jobs of kind `job` (empty: any).

    `label` counts only boundaries that match. `what`: kill, kill_far (its host is gone with it, so that its lease must
    run out), kill_all, pause (for `seconds`).
    """

    what: str
    number: int
    job: str = "advance"
    label: str = ""
    seconds: float = 0.0

    def falls(self, job: str, label: str) -> bool:
        if self.number <= 0 or self.job not in ("", job) or not re.search(self.label, label):
            return False
        self.number -= 1
        return self.number == 0


class Boundaries:
    """Counts them, keeps their trace, and lets the blows fall."""

    def __init__(self, world: World, blows: list[Blow]) -> None:
        self.world, self.blows = world, blows
        self.trace: list[str] = []

    def come_to(self, label: str) -> None:
        """Called by a worker's thread; raises Killed when that is its end."""
        worker = current()
        if worker is None or worker.job is None:
            return
        if worker.is_dead:
            raise Killed
        job = worker.job
        self.trace.append(f"{self.world.loop.now:.3f} {worker.name} {job.kind} {label}")
        if label == QUOTA_NOTED:
            self.world.wire.learn(worker)
        for blow in self.blows:
            if blow.falls(job.kind, label):
                self._strike(worker, blow, label)

    def _strike(self, worker: Worker, blow: Blow, label: str) -> None:
        self.world.tell(f"{blow.what} {worker.name} at {label}")
        if blow.what == "pause":
            if not connection.in_atomic_block and not label.startswith(UNINTERRUPTED):
                worker.is_paused = True
                self.world.wire.silence(worker, self.world.loop.now + blow.seconds)
                worker.sleep(blow.seconds)
            return
        self.world.bury(worker, is_far=blow.what == "kill_far")
        if blow.what == "kill_all":
            for other in self.world.workers:
                if other is not worker:
                    self.world.loop.at(0, self.world.kill, other)
        worker.is_dead = True
        raise Killed

    def digest(self) -> str:
        return hashlib.sha256("\n".join(self.trace).encode()).hexdigest()[:16]

    def pass_time(self, seconds: float) -> None:
        """In a worker's thread let time pass, except inside a transaction, which nobody interrupts."""
        worker = current()
        if worker is not None and worker.job is not None and not connection.in_atomic_block:
            if worker.is_dead:
                raise Killed
            worker.sleep(seconds)
