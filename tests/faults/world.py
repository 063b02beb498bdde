"""One simulated world: a repository on the stand-in, a linked project, its workers, and all that happens to them."""

from __future__ import annotations

import itertools
import math
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from django.conf import settings
from django.test import override_settings

from automation.demo.github import StandIn
from automation.demo.github.announcing import Announcer
from automation.demo.github.messages import Reply, Request
from automation.demo.github.payloads import Shapes
from issues.models import IssueSession
from projects.models import Credential, Project
from tests.faults.boundaries import Boundaries, current
from tests.faults.hearts import Hearts
from tests.faults.loop import EPOCH, Job, Loop, Worker
from tests.faults.messages import REDELIVERED_AFTER, Queue
from tests.faults.people import People
from tests.faults.post import Post
from tests.faults.programs import Programs
from tests.faults.recovering import Recovery
from tests.faults.scripts import AGENT, CHECK
from tests.faults.storage import Storage
from tests.faults.wire import Trouble, Wire
from tests.linking import link

if TYPE_CHECKING:
    from tests.faults.schedule import Schedule

TOKEN = "ghp_standin" + "0" * 29
BOT = "autowrkers-bot"
REPO = "acme/calc"
BASE = "develop"  # of a project that merges beside the default branch
BEAT_SECONDS = 15.0
DUTIES = {"clock": ("tick",), "default-1": ("tend",), "default-2": ("tend",), "web": ("web",)}
COMMIT = """commit refs/heads/main
committer Ann <ann@example.com> 1767900000 +0000
data 5
First
M 644 inline README
data 5
calc

"""


class World:
    """Made once per process; `begin` sets it up for a schedule."""

    web_url = "http://github.test"
    epoch = int(EPOCH.timestamp())

    def __init__(self, root: Path, slots: int = 3) -> None:
        self.root, self.slots = root, slots
        self.loop = Loop()
        self.loop.on_end = self._note_end
        self.storage = Storage(self)
        self.storage.open(None)
        self.duties = DUTIES | {f"sessions-{number + 1}": ("advance",) for number in range(slots)}
        self.workers = [
            Worker(name, self.loop, lambda worker: self.storage.open(worker)) for name in self.duties
        ]

    def close(self) -> None:
        for worker in self.workers:
            worker.end()
        self.storage.close()

    @contextmanager
    def begun(self, schedule: Schedule) -> Iterator[None]:
        shutil.rmtree(self.root, ignore_errors=True)
        self.remote_root = self.root / "github"
        self.remote_root.mkdir(parents=True)
        self.loop.reset()
        self.schedule, self.rng, self.log = schedule, Random(schedule.seed), []
        self.errors: list[str] = []
        self.skew = 0.0
        self.pids, self.gone = itertools.count(1_000_000), set[str]()
        clocks = itertools.cycle(schedule.apart or (0.0,))
        for worker in self.workers:
            worker.pid, worker.skew = next(self.pids), next(clocks)
        self.storage.reset(schedule)
        self.boundaries = Boundaries(self, schedule.blows)
        self.wire = Wire(self, schedule.troubles)
        self.programs, self.hearts, self.recovery = Programs(self), Hearts(self), Recovery(self)
        self.queue, self.people = Queue(self, schedule.mails), People(self)
        self.post = Post(self, schedule.letters)
        self._write_scripts()
        places = {
            "AUTOWRKERS_WORKSPACE_ROOT": self.root / "workspace",
            "AUTOWRKERS_LOG_ROOT": self.root / "logs",
            "AUTOWRKERS_SANDBOX": "none",
            "AUTOWRKERS_AGENT_SLOTS": self.slots,
            "GITHUB_API_URL": f"{self.web_url}/api/v3",
            "GITHUB_WEB_URL": self.web_url,
        }
        with override_settings(**places):
            self._open_github()
            self.project = self._link()
            if schedule.hooked:
                self.post.link(self.project)
            yield

    def _open_github(self) -> None:
        self.hub = StandIn({TOKEN: BOT}, root=self.remote_root, clock=self.loop.moment, record=False)
        self.hub._server.server_close()  # nobody calls over the network
        self.hub.web_url, self.hub.api_url = self.web_url, f"{self.web_url}/api/v3"
        self.hub._shapes = Shapes(self.hub._ledger, api_url=self.hub.api_url, web_url=self.web_url)
        self.hub._ledger.on_change = Announcer(
            self.hub._ledger, self.hub._shapes, self.hub.apps, self.hub._lock
        )
        self.hub._ledger.postman = self.post
        self.bare = self.hub.create_repository(REPO).bare
        self.bare.git("fast-import", "--quiet", stdin=COMMIT.encode())
        self.bare.git("update-ref", f"refs/heads/{self.base}", "refs/heads/main")

    @property
    def base(self) -> str:
        return BASE if self.schedule.beside else "main"

    def _link(self) -> Project:
        for model in (Project, Credential):
            model.objects.all().delete()
        return link(
            self.hub,
            settings,
            TOKEN,
            agent="command",
            agent_command=f"/bin/sh {self.root}/agent.sh",
            automation_enabled=True,
            auto_start=True,
            max_concurrent=self.slots,
            default_branch=self.base,
            issue_filter={"labels": ["agent"]},
            verification_command=f"/bin/sh {self.root}/check.sh",
        )

    def _write_scripts(self) -> None:
        for name, script in (("agent.sh", AGENT), ("check.sh", CHECK)):
            (self.root / name).write_text(script.replace("ROOT", str(self.root)))
        (self.root / "journal").touch()

    # What the parts ask of the world.

    def tell(self, sentence: str) -> None:
        self.log.append(f"{self.loop.now:8.1f}  {sentence}")

    def host_moment(self) -> datetime:
        """The clock of the worker's host; the database's and GitHub's are the loop's."""
        worker = current()
        return self.loop.moment() + timedelta(seconds=self.skew + (worker.skew if worker else 0.0))

    def seconds_at(self, moment: datetime) -> float:
        """When the slowest of the clocks shows it."""
        return (moment - EPOCH).total_seconds() - self.skew - min(worker.skew for worker in self.workers)

    def pass_time(self, seconds: float) -> None:
        """In a worker's thread: others go on meanwhile. Not inside a transaction, and not in the scheduler's."""
        self.boundaries.pass_time(seconds)

    def journal(self, word: str) -> list[str]:
        """What the agent's and the check's own scripts wrote down behind that word."""
        lines = (self.root / "journal").read_text().splitlines()
        return [line.split(" ", 1)[1] for line in lines if line.startswith(f"{word} ")]

    def answer(self, request: Request) -> Reply:
        reply = self.hub.answer(request)
        assert reply is not None
        if reply.status < 300:
            self.people.see(request)
        return reply

    def limit(self, seconds: float, *, secondary: bool, announce: bool) -> None:
        self.hub._gate.limit_now(TOKEN, seconds=seconds, secondary=secondary, announce=announce)

    def trouble_for(self, label: str) -> Trouble | None:
        return next((each for each in self.wire.troubles if each.hits(label, self.loop.now)), None)

    def token_is_good(self) -> bool:
        return TOKEN in self.hub._gate.tokens

    def is_full(self, what: str) -> bool:
        """Whether a disk has no room now: of the `work`, or of the `database`."""
        return any(full.covers(what, self.loop.now) for full in self.schedule.full)

    def project_rests_until(self) -> datetime | None:
        return Project.objects.values_list("retry_at", flat=True).get(pk=self.project.pk)

    def refresh(self) -> None:
        """Let open pull requests follow their branches."""
        self.hub.pulls(REPO)

    def rest(self) -> None:
        """End what is still under way, so that the next schedule finds every worker idle."""
        for worker in self.workers:
            worker.kill()

    def kill(self, worker: Worker) -> None:
        """kill -9 from outside."""
        if worker.job is not None:
            self.tell(f"{worker.name} is killed too")
            self.bury(worker, is_far=False)
            worker.kill()

    def bury(self, worker: Worker, *, is_far: bool) -> None:
        """Its process is gone, which only its own host sees: `is_far` if that one is gone as well."""
        self.recovery.note_death(worker.job)
        self.wire.silence(worker, math.inf)
        if not is_far:
            self.gone.add(str(worker.pid))
        worker.pid = next(self.pids)

    def pid(self) -> int:
        """Of the worker whose thread this is."""
        worker = current()
        return os.getpid() if worker is None else worker.pid

    def is_gone(self, owner: str) -> bool:
        return owner.split(":")[1] in self.gone

    def beat(self) -> None:
        """The clock process wakes every fifteen seconds; a tick that still runs is not begun again."""
        self.loop.at(self.loop.now + BEAT_SECONDS, self.beat)
        self.recovery.look()
        clock = self.workers[0]
        if clock.job is None:
            self.queue.deliver(Job("tick"))

    def sessions(self) -> list[IssueSession]:
        return list(IssueSession.objects.order_by("github_issue_number"))

    def _note_end(self, worker: Worker, job: Job, error: BaseException | None) -> None:
        if error is not None:
            self.errors.append(f"{job.kind}: {type(error).__name__}: {error}")
            self.tell(f"{worker.name} {job.kind} ended with {type(error).__name__}: {error}")
        if worker.is_dead and job.kind in ("tend", "advance"):
            self.loop.at(self.loop.now + REDELIVERED_AFTER, self.queue.deliver, job.again())
        self.loop.at(self.loop.now, self.queue.hand_out)
