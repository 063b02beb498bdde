"""The heartbeats of the workers, played by the loop: they go on while a worker waits, and stop while it is paused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from automation.holding import Heartbeat
from tests.faults.boundaries import current
from tests.faults.loop import Job, Worker

if TYPE_CHECKING:
    from tests.faults.world import World


class Hearts:
    def __init__(self, world: World) -> None:
        self.world = world
        self.beating: Worker | None = None

    def end_process(self, code: int) -> None:
        """What a holder does to its own process when its work hangs and does not hear."""
        if self.beating is not None:
            self.world.kill(self.beating)

    def begin(self, heartbeat: Heartbeat) -> None:
        worker = current()
        if worker is not None and worker.job is not None:
            self.world.recovery.note_claim(worker.job)
            self._again(heartbeat, worker, worker.job)

    def _again(self, heartbeat: Heartbeat, worker: Worker, job: Job) -> None:
        loop = self.world.loop
        loop.at(loop.now + heartbeat._renew_seconds, self._beat, heartbeat, worker, job)

    def _beat(self, heartbeat: Heartbeat, worker: Worker, job: Job) -> None:
        """What `_keep` and `_watch` do in turn. A paused process's threads are paused as well."""
        if worker.job is not job or worker.is_dead or heartbeat._ended.is_set() or heartbeat.is_lost:
            return
        if not worker.is_paused:
            now, self.beating = self.world.loop.now, worker
            self.world.storage.watched = True
            answer = heartbeat._renew()
            self.world.storage.watched = False
            if answer is True:
                heartbeat._renewed = now
            if answer is False or now - heartbeat._renewed >= heartbeat._give_up_seconds:
                heartbeat._lose()
                return
        self._again(heartbeat, worker, job)
