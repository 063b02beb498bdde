"""The queue: what the product hands over reaches a free worker, late, twice, or never, as the schedule says."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from automation import tasks
from automation.queue import ADVANCE
from tests.faults.boundaries import current
from tests.faults.loop import Job, Killed

if TYPE_CHECKING:
    from tests.faults.world import World

REDELIVERED_AFTER = 900.0


@dataclass
class Mail:
    """What happens to the `number`th message of the kind `job`: lost, doubled, late (by `seconds`), ahead of others."""

    number: int
    what: str
    seconds: float = 60.0
    job: str = "advance"


class Queue:
    def __init__(self, world: World, mails: list[Mail]) -> None:
        self.world = world
        self.mails = {(mail.job, mail.number): mail for mail in mails}
        self.waiting: dict[str, deque[Job]] = {kind: deque() for kind in ("advance", "tend", "tick", "web")}
        self.counts: Counter[str] = Counter()

    def put(self, name: str, pk: int = 0, *fence: int, **_: Any) -> None:
        """In the place of django-q2's `async_task`."""
        worker = current()
        if worker is not None and worker.is_dead:
            raise Killed
        job = Job("advance" if name == ADVANCE else "tend", pk, {"fence": fence})
        self.counts[job.kind] += 1
        mail = self.mails.get((job.kind, self.counts[job.kind]))
        now = self.world.loop.now
        if mail is not None and mail.what == "lost":
            self.world.recovery.note_death(job)
        if mail is not None:
            self.world.tell(f"message {mail.number} ({job.kind}) is {mail.what}")
        if mail is None or mail.what == "doubled":
            self.world.loop.at(now, self.deliver, job)
        if mail is not None and mail.what in ("doubled", "late"):
            self.world.loop.at(now + mail.seconds, self.deliver, Job(job.kind, job.pk, {"fence": fence}))
        if mail is not None and mail.what == "ahead":
            self.world.loop.at(now, self.deliver, job, True)

    def deliver(self, job: Job, ahead: bool = False) -> None:
        line = self.waiting[job.kind]
        if ahead:
            line.appendleft(job)
        else:
            line.append(job)
        self.hand_out()

    def hand_out(self) -> None:
        for worker in self.world.workers:
            kinds = self.world.duties[worker.name]
            line = next((self.waiting[kind] for kind in kinds if self.waiting[kind]), None)
            if worker.job is None and line is not None:
                job = line.popleft()
                worker.start(job, lambda job=job: self._work(job))

    def is_empty(self) -> bool:
        return not any(self.waiting.values())

    def _work(self, job: Job) -> None:
        job.facts["begun_at"] = self.world.loop.now
        self.world.boundaries.come_to("take")
        match job.kind:
            case "tick":
                tasks.tick()
            case "tend":
                tasks.tend(job.pk, *job.facts["fence"])
            case "advance":
                tasks.advance(job.pk)
            case "web":
                self.world.post.receive(job)
