"""How long a session, or the care for a project, stood still after its worker had died or an outage had ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from issues.models import IssueSession
from issues.states import RUNNABLE
from tests.faults.loop import Job

if TYPE_CHECKING:
    from tests.faults.world import World


@dataclass
class Wait:
    kind: str
    pk: int
    since: float
    ended: float | None = None


class Recovery:
    """A wait begins with a worker's death and ends when another one claims the same row's lease for work."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.waits: list[Wait] = []

    def note_death(self, worker: object, job: Job | None) -> None:
        if job is not None and job.kind != "tick":
            self.world.loop.at(self.world.loop.now, self._begin, job)

    def note_claim(self, job: Job) -> None:
        for wait in self.waits:
            if (wait.kind, wait.pk) == (job.kind, job.pk) and wait.ended is None:
                wait.ended = self.world.loop.now

    def seconds(self) -> list[float]:
        return [
            wait.ended - max(wait.since, self._back(wait)) for wait in self.waits if wait.ended is not None
        ]

    def _begin(self, job: Job) -> None:
        """In the scheduler's turn. A session for which nothing is left to do, or not yet, is not waited for."""
        since = self.world.loop.now
        if job.kind == "advance":
            session = IssueSession.objects.filter(pk=job.pk).first()
            if session is None or session.status not in RUNNABLE or session.queued_at is None:
                return
            if session.not_before is not None:
                since = max(since, self.world.seconds_at(session.not_before))
        self.waits.append(Wait(job.kind, job.pk, since))

    def _back(self, wait: Wait) -> float:
        """When the database came back, if it was away while the session waited."""
        away_until = self.world.storage.away_until
        return away_until if wait.since <= away_until <= (wait.ended or 0) else 0.0
