"""What goes wrong in one run, drawn from a seed and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from tests.faults.boundaries import Blow
from tests.faults.messages import Mail
from tests.faults.post import Letter
from tests.faults.wire import Trouble

WRITING = (r"POST .*/pulls$", r"POST .*/comments$", "")
ANSWERS = ("500", "502", "503", "504", "html", "empty", "wrong_type", "null", "truncated", "malformed")
LOSSES = ("reset", "timeout", "lost", "slow", "malformed")
KILLED_AT = (
    "",
    "",
    "",
    r"commit",
    r"claim",
    r"POST",
    r"^sent",
    r"git push",
    r"agent",
    r"^before commit automation_effect",
)
PEOPLE = (
    *("stop", "stop_and_start", "skip", "close_issue", "unlabel", "edit_issue", "close_pr", "merge_pr"),
    *("delete_branch", "push", "force_push", "quote"),
)
NEVER = 99
APART, WORKERS = 0.15, 7  # the share of schedules in which each worker has a clock of its own
BESIDE, REOPENING = 0.15, 0.4
CLOSING = r"PATCH .*/issues/N$"
SHORT_JOBS = {"tick": 40, "web": 15}  # how many boundaries the plain story has in them


@dataclass
class Task:
    """An issue that appears at a moment; the agent's `good`th start comes to a good result."""

    at: float
    good: int = 1
    commits: bool = True


@dataclass
class Act:
    """What a person does, to the how manieth issue."""

    at: float
    what: str
    issue: int


@dataclass
class Full:
    """A disk without room: of the `work`, where git writes, or of the `database`."""

    what: str
    since: float
    until: float

    def covers(self, what: str, now: float) -> bool:
        return what == self.what and self.since <= now < self.until


@dataclass
class Schedule:
    seed: int
    tasks: list[Task] = field(default_factory=lambda: [Task(0.0)])
    blows: list[Blow] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    mails: list[Mail] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    outages: list[tuple[float, float]] = field(default_factory=list)  # of the database: since, until
    revoked: list[tuple[float, float]] = field(default_factory=list)  # the token: since, until
    full: list[Full] = field(default_factory=list)
    hooked: bool = False  # whether the project has a webhook
    letters: list[Letter] = field(default_factory=list)  # what happens to its deliveries
    failing_commits: dict[int, str] = field(default_factory=dict)
    agent_seconds: tuple[float, float] = (10, 60)
    skews: list[tuple[float, float]] = field(
        default_factory=list
    )  # when the host's clock jumps, and to where
    apart: tuple[float, ...] = ()  # how far the workers' clocks are off the database's, in their order
    beside: bool = (
        False  # whether merges go into another branch than the default one, so that we close the issues
    )
    reopens: bool = False  # whether a person opens again what we have closed


def draw(seed: int) -> Schedule:
    rng = Random(seed)
    schedule = Schedule(seed, tasks=[_task(rng) for _ in range(rng.choices((1, 2, 3), (60, 28, 12))[0])])
    schedule.hooked = rng.random() < 0.5
    for _ in range(rng.choices((1, 2, 3, 4), (30, 35, 25, 10))[0]):
        rng.choices(list(FAULTS), list(FAULTS.values()))[0](rng, schedule)
    if rng.random() < APART:
        schedule.apart = tuple(rng.choice((-300.0, 0.0, 300.0)) for _ in range(WORKERS))
    if rng.random() < BESIDE:
        _beside(rng, schedule)
    return schedule


def _task(rng: Random) -> Task:
    good = rng.choices((1, 2, NEVER), (70, 22, 8))[0]
    at = rng.choice((0.0, 0.0, round(rng.uniform(1, 40), 1)))
    return Task(at, good, rng.random() < 0.8)


def _blow(rng: Random, schedule: Schedule) -> None:
    label = rng.choice(KILLED_AT)
    job = rng.choices(("advance", "tend", "tick", "web"), (66, 24, 4, 6))[0]
    most = {"": 110, "commit": 60, "claim": 4}.get(label, 12) * len(schedule.tasks)
    if job in SHORT_JOBS:
        most = SHORT_JOBS[job]
        schedule.hooked = schedule.hooked or job == "web"
    whats = ("kill", "kill_all", "kill_far") if job == "advance" else ("kill", "kill_all")
    what = rng.choices(whats, (58, 12, 30)[: len(whats)])[0]
    schedule.blows.append(Blow(what, rng.randint(1, most), job, label if job == "advance" else ""))


def _pause(rng: Random, schedule: Schedule) -> None:
    job = rng.choices(("advance", "tend"), (75, 25))[0]
    label = rng.choice(KILLED_AT) if job == "advance" else ""
    most = {"": 110, "commit": 60, "claim": 4}.get(label, 12) * len(schedule.tasks)
    seconds = rng.choice((20, 50, 120, 600))
    schedule.blows.append(Blow("pause", rng.randint(1, most), job, label, seconds))


def _trouble(rng: Random, schedule: Schedule) -> None:
    if rng.random() < 0.25:  # a while without GitHub
        since = rng.uniform(5, 300)
        what = rng.choice((*ANSWERS, "reset", "timeout"))
        schedule.troubles.append(Trouble(what, since=since, until=since + rng.uniform(10, 120)))
        return
    match = rng.choice(WRITING)
    what = rng.choice(LOSSES if match else (*ANSWERS, *LOSSES))
    skip = rng.randint(0, 40) if not match else rng.choice((0, 0, 1))
    schedule.troubles.append(Trouble(what, match, times=rng.choice((1, 1, 2, 3)), skip=skip))


def _limit(rng: Random, schedule: Schedule) -> None:
    what = rng.choice(("primary", "secondary", "unsaid"))
    match = rng.choice(WRITING)
    skip = rng.randint(0, 40) if not match else 0
    schedule.troubles.append(Trouble(what, match, skip=skip, seconds=rng.choice((20, 60, 90, 300))))


def _git_trouble(rng: Random, schedule: Schedule) -> None:
    what = rng.choice(("503", "lost"))
    match = rng.choice((r"^git push", r"^git push", r"^git fetch", r"^git ls-remote"))
    schedule.troubles.append(Trouble(what, match, times=rng.choice((1, 1, 2)), skip=rng.choice((0, 0, 1))))


def _outage(rng: Random, schedule: Schedule) -> None:
    since = rng.uniform(5, 240)
    schedule.outages.append((since, since + rng.choice((1, 5, 20, 60))))


def _commit(rng: Random, schedule: Schedule) -> None:
    schedule.failing_commits[rng.randint(1, 150)] = rng.choice(("before", "after"))


def _mail(rng: Random, schedule: Schedule) -> None:
    what = rng.choice(("lost", "doubled", "late", "ahead"))
    job, most = rng.choice((("advance", 4), ("tend", 20)))
    schedule.mails.append(Mail(rng.randint(1, most), what, rng.choice((0.1, 5.0, 60.0, 400.0)), job))


def _act(rng: Random, schedule: Schedule) -> None:
    issue = rng.randrange(len(schedule.tasks))
    at = schedule.tasks[issue].at + rng.uniform(5, 200)
    schedule.acts.append(Act(at, rng.choice(PEOPLE), issue))


def _revoke(rng: Random, schedule: Schedule) -> None:
    since = rng.uniform(5, 240)
    schedule.revoked.append((since, since + rng.choice((10, 90, 240))))


def _skew(rng: Random, schedule: Schedule) -> None:
    at, skew = rng.uniform(20, 240), rng.choice((-3600, -300, 300, 3600))
    schedule.skews += [(at, skew), (at + rng.choice((60, 400)), 0)]


def _full(rng: Random, schedule: Schedule) -> None:
    since = rng.uniform(2, 240)
    until = since + rng.choice((5, 30, 120))
    schedule.full.append(Full(rng.choice(("work", "work", "database")), since, until))


def _letter(rng: Random, schedule: Schedule) -> None:
    schedule.hooked = True
    what = rng.choice(("lost", "doubled", "late"))
    schedule.letters.append(Letter(rng.randint(1, 8), what, rng.choice((1.0, 10.0, 100.0, 3600.0))))


def _beside(rng: Random, schedule: Schedule) -> None:
    """Drawn last: what else happens is what would have happened without."""
    schedule.beside, schedule.reopens = True, rng.random() < REOPENING
    what = rng.choice(("", "kill", "kill_all", "pause", "trouble"))
    if what == "trouble":
        schedule.troubles.append(Trouble(rng.choice((*LOSSES, "503")), CLOSING, times=rng.choice((1, 1, 2))))
    elif what == "pause":
        asked = r"^after GET .*/issues/N$"
        schedule.blows.append(Blow(what, 1, "tend", asked, rng.choice((20, 50, 120, 600))))
    elif what:
        schedule.blows.append(Blow(what, 1, "tend", rng.choice(("^before ", "^sent ", "^after ")) + CLOSING))


FAULTS = {
    _blow: 34,
    _pause: 12,
    _trouble: 20,
    _limit: 8,
    _git_trouble: 6,
    _outage: 4,
    _commit: 6,
    _mail: 8,
    _act: 16,
    _revoke: 3,
    _skew: 2,
    _full: 5,
    _letter: 8,
}
