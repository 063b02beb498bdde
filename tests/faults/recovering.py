"""How long a session, or the care for a project, stood still after its worker had died or an outage had ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from issues.models import IssueSession
from issues.states import RUNNABLE
from projects import leases
from projects.models import Project
from tests.faults.loop import Job

if TYPE_CHECKING:
    from tests.faults.world import World


@dataclass
class Wait:
    kind: str
    pk: int
    since: float
    was_claimed: bool
    ended: float | None = None


class Recovery:
    """A wait begins with a worker's death and ends when another one claims the same row's lease for work.

    One that dies before it has claimed anything takes a message with it, which is a fault of another kind: the row
    alone knows, and the product gives a message five minutes.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.waits: list[Wait] = []

    def note_death(self, worker: object, job: Job | None) -> None:
        if job is not None and job.kind != "tick":
            self.world.loop.at(self.world.loop.now, self._begin, job)

    def note_claim(self, job: Job) -> None:
        job.facts["claimed"] = True
        for wait in self.waits:
            if (wait.kind, wait.pk) == (job.kind, job.pk) and wait.ended is None:
                wait.ended = self.world.loop.now

    def seconds(self, *, was_claimed: bool) -> list[float]:
        return [
            wait.ended - max(wait.since, self._back(wait))
            for wait in self.waits
            if wait.ended is not None and wait.was_claimed == was_claimed
        ]

    def _begin(self, job: Job) -> None:
        """In the scheduler's turn. A session for which nothing is left to do, or not yet, is not waited for."""
        since = self.world.loop.now
        model = IssueSession if job.kind == "advance" else Project
        is_held = model.objects.filter(leases.live(), pk=job.pk).exists()
        if is_held and "claimed" not in job.facts and self._is_worked_on(job):
            return
        if job.kind == "advance":
            session = IssueSession.objects.filter(pk=job.pk).first()
            if session is None or session.status not in RUNNABLE or session.queued_at is None:
                return
            if session.not_before is not None:
                since = max(since, self.world.seconds_at(session.not_before))
        self.waits.append(Wait(job.kind, job.pk, since, is_held))

    def _is_worked_on(self, job: Job) -> bool:
        others = [
            worker.job for worker in self.world.workers if worker.job is not None and not worker.is_dead
        ]
        return any(
            (other.kind, other.pk) == (job.kind, job.pk) and "claimed" in other.facts for other in others
        )

    def _back(self, wait: Wait) -> float:
        """When the database came back, if it was away while the session waited."""
        away_until = self.world.storage.away_until
        return away_until if wait.since <= away_until <= (wait.ended or 0) else 0.0
