"""How long a session, or the care for a project, stood still after its worker had died or its message was lost."""

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
    began: float
    since: float
    ended: float | None = None


class Recovery:
    """A wait ends when a worker claims the row's lease for work.

    It begins with the worker's death or the loss of the message. What the product has announced to people, a session's
    `not_before` or a project's `retry_at`, is waited out first, and so is an outage of the database.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.waits: list[Wait] = []

    def note_death(self, job: Job | None) -> None:
        """What it worked on, or was about to, is left."""
        if job is not None and job.kind in ("tend", "advance"):
            self.world.loop.at(self.world.loop.now, self._begin, job)

    def note_claim(self, job: Job) -> None:
        job.facts["claimed"] = True
        for wait in self._open():
            if (wait.kind, wait.pk) == (job.kind, job.pk):
                self._put_off(wait)
                wait.ended = self.world.loop.now

    def look(self) -> None:
        """At each beat: what has been announced meanwhile."""
        for wait in self._open():
            self._put_off(wait)

    def seconds(self, *, raw: bool = False) -> list[float]:
        """`raw`: with what was announced or away meanwhile."""
        ended = [(wait.began if raw else wait.since, wait.ended) for wait in self.waits]
        return [max(0.0, until - since) for since, until in ended if until is not None]

    def _open(self) -> list[Wait]:
        return [wait for wait in self.waits if wait.ended is None]

    def _begin(self, job: Job) -> None:
        """In the scheduler's turn. A session for which nothing is left to do is not waited for."""
        model = IssueSession if job.kind == "advance" else Project
        is_held = model.objects.filter(leases.live(), pk=job.pk).exists()
        if is_held and "claimed" not in job.facts and self._is_worked_on(job):
            return
        if job.kind == "advance":
            session = IssueSession.objects.filter(pk=job.pk).first()
            if session is None or session.status not in RUNNABLE or session.queued_at is None:
                return
        for wait in self._open():  # whoever died now had come for it
            if (wait.kind, wait.pk) == (job.kind, job.pk) and "begun_at" in job.facts:
                wait.ended = job.facts["begun_at"]
        now = self.world.loop.now
        self.waits.append(Wait(job.kind, job.pk, now, now))

    def _is_worked_on(self, job: Job) -> bool:
        others = [
            worker.job for worker in self.world.workers if worker.job is not None and not worker.is_dead
        ]
        return any(
            (other.kind, other.pk) == (job.kind, job.pk) and "claimed" in other.facts for other in others
        )

    def _put_off(self, wait: Wait) -> None:
        moments = [self.world.project_rests_until()]
        if wait.kind == "advance":
            moments += IssueSession.objects.filter(pk=wait.pk).values_list("not_before", flat=True)
        announced = [self.world.seconds_at(moment) for moment in moments if moment is not None]
        wait.since = max(wait.since, *announced, self.world.storage.back_at())
