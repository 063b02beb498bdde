"""Rounds of kill -9 at random moments on real processes, and what the stand-in's ledger says of them afterwards.

Rounds overlap, since a lease lasts 45 seconds: each brings issues and kills something at a random moment while
those of earlier rounds are under way. In the end every issue must have come to one merged pull request.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import Any

from automation.demo.github import Fault
from issues.models import Attempt, IssueSession
from issues.states import RUNNABLE, Status
from projects import leases
from projects.models import Project
from projects.workspace import trees
from tests.faults import ledger
from tests.faults.installation import REPO, Installation, children, kill, some
from tests.faults.runner import percentile

KINDS = {"worker": 45, "agent": 15, "guard": 12, "cluster": 16, "clock": 6, "everything": 6}
HELPERS = ("guard", "cluster", "clock", "everything")
PAUSE_SECONDS = (6.0, 22.0)
MOST_UNDER_WAY = 8
LIMIT_EVERY, LIMIT_SECONDS = 10, 15
LAST_SECONDS = 600.0
LOOK_SECONDS = 0.25


@dataclass
class Wait:
    """A row whose holder was killed, until somebody claims it again.

    `is_disturbed`: those who would have seen to it were killed as well meanwhile.
    """

    model: type[Any]
    pk: int
    fence: int
    since: float
    seconds: float | None = None
    is_void: bool = False
    is_disturbed: bool = False


class Rounds:
    def __init__(self, here: Installation, seed: int) -> None:
        self.here, self.rng = here, Random(seed)
        self.kills: Counter[str] = Counter()
        self.waits: list[Wait] = []
        self.numbers: list[int] = []
        self.merge_at: dict[int, float] = {}

    def play(self, count: int) -> dict[str, Any]:
        began = time.monotonic()
        self.here.start()
        for number in range(1, count + 1):
            self._bring_issues()
            if number % LIMIT_EVERY == 0:
                limit = Fault("secondary", "^/repos/", method="GET", seconds=LIMIT_SECONDS)
                self.here.hub.faults.append(limit)
            kind = self.rng.choices(list(KINDS), list(KINDS.values()))[0]
            self._pass(self.rng.uniform(*PAUSE_SECONDS))
            while not self._strike(kind):
                self._pass(LOOK_SECONDS)
                kind = self.rng.choices(list(KINDS), list(KINDS.values()))[0]
        deadline = time.monotonic() + LAST_SECONDS
        while time.monotonic() < deadline and not self._is_over():
            self._pass(1.0)
        return {"rounds": count, **self._sum_up(), "seconds": round(time.monotonic() - began)}

    def _bring_issues(self) -> None:
        under_way = len(self.numbers) - sum(pull.state == "closed" for pull in self.here.hub.pulls(REPO))
        for _ in range(self.rng.randint(1, 2) if under_way < MOST_UNDER_WAY else 0):
            self.numbers.append(
                self.here.hub.create_issue(REPO, f"Issue {len(self.numbers) + 1}", "Mend it.")
            )

    def _pass(self, seconds: float) -> None:
        """Let time go by: parts that ended are restarted, ready pull requests merged, recoveries noted."""
        until = time.monotonic() + seconds
        while True:
            self.here.restart_what_ended()
            self._merge()
            self._note_recoveries()
            if time.monotonic() >= until:
                return
            time.sleep(LOOK_SECONDS)

    def _merge(self) -> None:
        for pull in self.here.hub.pulls(REPO):
            due = self.merge_at.setdefault(pull.number, time.monotonic() + self.rng.uniform(3, 12))
            if pull.state == "open" and time.monotonic() > due:
                self.here.hub.merge(REPO, pull.number)

    def _strike(self, kind: str) -> bool:
        """kill -9 what `kind` says; False when there is no such process just now."""
        part = self.rng.choice(("sessions", "sessions", "queue"))
        main = self.here.processes[part].pid
        match kind:
            case "agent":
                pids = [self._agent()]
            case "worker":
                pids = [some(self.rng, self._busy(part) or self.here.workers(part))]
            case "guard":
                pids = [some(self.rng, children(main))]
            case "cluster":
                pids = [main]
            case "clock":
                pids = [self.here.processes["clock"].pid]
            case _:
                pids = [process.pid for process in self.here.processes.values()]
        doomed = {each for pid in pids if pid for each in (pid, *trees.members(pid))}
        held = [] if kind in ("agent", "clock") else self._held_by(doomed)
        struck = [kill(pid) for pid in pids if pid]
        if not any(struck):
            return False
        self.kills[kind] += 1
        if kind in HELPERS or any(wait.model is Project for wait in held):
            for wait in self._unclaimed():
                wait.is_disturbed = True
        self.waits += held
        return True

    def _agent(self) -> int | None:
        """Some process of an agent that runs; one whose session would end by it is spared."""
        rows = Attempt.objects.filter(outcome="", pid__isnull=False, issue_session__attempts__lt=1)
        pid = some(self.rng, list(rows.values_list("pid", flat=True)))
        return some(self.rng, [pid, *trees.members(pid)]) if pid else None

    def _busy(self, part: str) -> list[int]:
        owners = IssueSession.objects.filter(leases.live()).values_list("lease_owner", flat=True)
        return [pid for pid in self.here.workers(part) if any(f":{pid}:" in owner for owner in owners)]

    def _held_by(self, pids: set[int]) -> list[Wait]:
        now, found = time.monotonic(), []
        for model in (IssueSession, Project):
            for pk, fence, owner in model.objects.filter(leases.live()).values_list(
                "pk", "fence", "lease_owner"
            ):
                if int(owner.split(":")[1]) in pids:
                    found.append(Wait(model, pk, fence, now))
        return found

    def _note_recoveries(self) -> None:
        for wait in self.waits:
            if wait.seconds is not None or wait.is_void:
                continue
            row = wait.model.objects.get(pk=wait.pk)
            if row.fence > wait.fence:
                wait.seconds = time.monotonic() - wait.since
            elif isinstance(row, IssueSession) and row.status not in RUNNABLE:
                wait.is_void = True  # its last commit had been made: nothing was left to do

    def _is_over(self) -> bool:
        done = self.here.project.sessions.filter(status=Status.COMPLETED).count()
        return done == len(self.numbers) and all(wait.seconds or wait.is_void for wait in self.waits)

    def _sum_up(self) -> dict[str, Any]:
        duplicates, losses = ledger.judge(self.here.hub, self.numbers)
        statuses = Counter(self.here.project.sessions.values_list("status", flat=True))
        losses += [
            f"{count} sessions are {status}" for status, count in statuses.items() if status != "completed"
        ]
        losses += [f"{wait.model.__name__} {wait.pk} was not claimed again" for wait in self._unclaimed()]
        seconds = [wait.seconds for wait in self.waits if wait.seconds is not None]
        alone = [wait.seconds for wait in self.waits if wait.seconds is not None and not wait.is_disturbed]
        return {
            "kills": dict(self.kills),
            "restarts": self.here.restarts,
            "issues": len(self.numbers),
            "requests": len(self.here.hub.requests),
            "duplicates": duplicates,
            "losses": losses,
            "requests_within_limits": ledger.within_limits(self.here.hub, LIMIT_SECONDS),
            "recoveries": len(seconds),
            "recovery_p50_s": round(percentile(seconds, 0.5), 1),
            "recovery_p99_s": round(percentile(seconds, 0.99), 1),
            "recovery_max_s": round(max(seconds, default=0), 1),
            "undisturbed": len(alone),
            "undisturbed_p50_s": round(percentile(alone, 0.5), 1),
            "undisturbed_p99_s": round(percentile(alone, 0.99), 1),
            "undisturbed_max_s": round(max(alone, default=0), 1),
        }

    def _unclaimed(self) -> list[Wait]:
        return [wait for wait in self.waits if wait.seconds is None and not wait.is_void]
