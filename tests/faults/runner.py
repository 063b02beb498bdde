"""Runs schedules and sums up what the oracle said."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from automation.models import Effect
from issues.models import IssueSession
from issues.states import ENDED, Status
from tests.faults.oracle import Verdict, judge
from tests.faults.schedule import Schedule
from tests.faults.seams import installed
from tests.faults.world import BOT, TOKEN, World

HORIZON = 4 * 3600.0
QUIET = 35.0


@dataclass
class Result:
    seed: int
    verdict: Verdict
    recoveries: list[float]
    raw_recoveries: list[float]  # announced pauses and outages of the database included
    blows: tuple[int, int]  # how many were drawn, and how many fell
    digest: str
    boundaries: int
    ended_at: float
    trace: list[str]
    log: list[str]


@dataclass
class Totals:
    schedules: int = 0
    duplicates: int = 0
    losses: int = 0
    human_steps: int = 0
    wrongs: int = 0
    recoveries: list[float] = field(default_factory=list)
    raw_recoveries: list[float] = field(default_factory=list)
    blows: int = 0
    blows_fallen: int = 0
    failing: list[int] = field(default_factory=list)

    def add(self, result: Result) -> None:
        verdict = result.verdict
        self.schedules += 1
        self.duplicates += len(verdict.duplicates)
        self.losses += len(verdict.losses)
        self.human_steps += len(verdict.human_steps)
        self.wrongs += len(verdict.wrongs)
        self.recoveries += result.recoveries
        self.raw_recoveries += result.raw_recoveries
        self.blows += result.blows[0]
        self.blows_fallen += result.blows[1]
        if not verdict.is_good:
            self.failing.append(result.seed)


def percentile(values: list[float], share: float) -> float:
    """The smallest value that at least `share` of them do not exceed; 0 of none."""
    return sorted(values)[math.ceil(share * len(values)) - 1] if values else 0.0


def play(world: World, schedule: Schedule, horizon: float = HORIZON) -> Result:
    """One schedule from the first issue until nothing is left to do."""
    with world.begun(schedule), installed(world):
        world.people.begin()
        _spread_trouble(world, schedule)
        world.loop.at(0, world.beat)
        over = _Quiet(world)
        try:
            world.loop.run(horizon, over.is_reached)
            verdict = judge(world)
        finally:
            world.rest()
        return Result(
            schedule.seed,
            verdict,
            world.recovery.seconds(),
            world.recovery.seconds(raw=True),
            (len(schedule.blows), sum(blow.number <= 0 for blow in schedule.blows)),
            world.boundaries.digest(),
            len(world.boundaries.trace),
            world.loop.now,
            world.boundaries.trace,
            world.log,
        )


def _spread_trouble(world: World, schedule: Schedule) -> None:
    loop, gate = world.loop, world.hub._gate
    for since, until in schedule.outages:
        loop.at(since, _let_database_go, world, until)
    for since, until in schedule.revoked:
        loop.at(since, gate.tokens.pop, TOKEN, None)
        loop.at(until, gate.tokens.__setitem__, TOKEN, BOT)
    for moment, skew in schedule.skews:
        loop.at(moment, setattr, world, "skew", float(skew))


def _let_database_go(world: World, until: float) -> None:
    world.tell(f"the database is away until {until:.1f}")
    world.storage.away_until = until


class _Quiet:
    """Over when every issue has come to its end, every worker is idle, and nothing more is to happen."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.since: float | None = None
        self.looked_at = 0.0

    def is_reached(self) -> bool:
        world = self.world
        if world.loop.now - self.looked_at < 5:
            return False
        self.looked_at = world.loop.now
        if not self._is_quiet():
            self.since = None
        elif self.since is None:
            self.since = world.loop.now
        if self.since is None or world.loop.now - self.since < QUIET:
            return False
        self.since += QUIET  # what is still owed may come late, such as a comment while GitHub limits us
        return not judge(world).losses

    def _is_quiet(self) -> bool:
        world, schedule = self.world, self.world.schedule
        moments = [act.at for act in schedule.acts] + [
            until for _, until in schedule.outages + schedule.revoked
        ]
        moments += [at for at, _ in schedule.skews] + [full.until for full in schedule.full]
        moments += world.people.reopened.values()
        closings = Effect.objects.filter(kind=Effect.Kind.CLOSE_ISSUE, outcome__isnull=True)
        if schedule.beside and (world.people.reopening or closings.exists()):
            return False
        if len(world.people.numbers) < len(schedule.tasks) or world.loop.now < max(moments, default=0) + 100:
            return False
        if any(worker.is_paused for worker in world.workers):
            return False
        rows = dict(IssueSession.objects.values_list("github_issue_number", "pk"))
        if any(number not in rows and number not in world.people.touched for number in world.people.numbers):
            return False  # one that a person changed before it was ever synced gets no row
        settled = IssueSession.objects.filter(status__in=[*ENDED, Status.NEEDS_REVIEW], queued_at=None)
        return settled.count() == len(rows)
