"""What a hundred projects that share one token cost of its quota: an idle day, a busy time, and an hour nearly used up.

Each has a webhook whose log is read; it delivers nothing, so that polling finds whatever changes.

Time is simulated, minute by minute. Of the idle day the first hour is played, a quarter of an hour at noon, and the
last one, in which the daily listing falls due. The quarters before it must cost the same to the last request: then each
of the 95 without the listing counts as one of them. `whole_day` plays all 1,440 minutes, which takes most of an hour.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from automation.demo.github.hooks import Delivery, Hook, new_guid
from automation.models import RepositoryHook
from automation.webhooks.setup import EVENTS
from issues.models import IssueSession
from issues.states import Status, Step
from projects.connection import connect
from projects.github.ratelimit import Priority
from projects.models import Credential, Project
from tests.benchmarks.figures import Figure, Goal
from tests.benchmarks.simulated import BEAT, World, simulated
from tests.factories import create_project, create_session

TOKEN = "ghp_benchmark" + "0" * 27
LIMIT = 5000  # requests an hour, the stand-in's as well
PROJECTS = 100
FOLLOWED = 20
DAY, QUARTER = timedelta(days=1), timedelta(minutes=15)  # every shorter wait of a round divides a quarter
SETTLED_IN = 3  # minutes
BUSY_MINUTES = 10
LEFT = (2400, 900, 400, 200)  # of 5,000, for a few minutes each
SCARCE_MINUTES = 3
GOAL_SHARE = 2.0  # percent of the day's quota
LONG_LIST = 1200  # issues of the repository that is linked when little is left


@dataclass(frozen=True)
class Cost:
    """What some time has cost. `parked`: minutes in which a project waited, of all projects together."""

    requests: int
    counted: int
    parked: int

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.requests + other.requests, self.counted + other.counted, self.parked + other.parked)

    def times(self, number: int) -> Cost:
        return Cost(self.requests * number, self.counted * number, self.parked * number)


def measure() -> list[Figure]:
    return [*_idle(), *_busy(), *_scarce()]


def measure_whole_day() -> list[Figure]:
    with simulated({TOKEN: "autowrkers-bot"}) as world:
        _link(world)
        _settle(world)
        return _figures_of_day(f"idle day of {PROJECTS} projects", _play(world, DAY), _peak(world))


def _idle() -> list[Figure]:
    with simulated({TOKEN: "autowrkers-bot"}) as world:
        _link(world)
        _settle(world)
        began = world.now
        quarters = [_play(world, QUARTER) for _ in range(4)]
        peak = _peak(world)
        for start in (DAY / 2, DAY - QUARTER):
            world.now = began + start - SETTLED_IN * BEAT
            _settle(world)
            quarters.append(_play(world, QUARTER))
            peak = max(peak, _peak(world))
        *ordinary, last = quarters
        unlike = sum(quarter != ordinary[0] for quarter in ordinary)
        day = ordinary[0].times(DAY // QUARTER - 1) + last
        named = f"idle day of {PROJECTS} projects"
        return [
            *_figures_of_day(named, day, peak),
            Figure(f"{named}: requests that count in its last quarter of an hour", last.counted, ""),
            Figure(f"{named}: other quarters unlike the first", unlike, "", goal=Goal("value", 0)),
        ]


def _play(world: World, time: timedelta) -> Cost:
    requests, counted, parked, end = world.requests, world.counted, 0, world.now + time
    while world.now < end:
        world.beat()
        parked += Project.objects.exclude(error_code="").count()
    return Cost(world.requests - requests, world.counted - counted, parked)


def _figures_of_day(named: str, day: Cost, peak: int) -> list[Figure]:
    return [
        *_figures(
            named, day.requests, day.counted, peak, minutes=DAY // BEAT, goal=Goal("value", GOAL_SHARE)
        ),
        Figure(f"{named}: parked", day.parked, "project minutes"),
    ]


def _busy() -> list[Figure]:
    """Each minute an issue changes somewhere, each five minutes the checks of a pull request."""
    with simulated({TOKEN: "autowrkers-bot"}) as world:
        projects = _link(world)
        sessions = [_follow(world, project) for project in projects[:FOLLOWED]]
        _settle(world)
        for minute in range(BUSY_MINUTES):
            repo = projects[minute % PROJECTS].github_repo
            world.hub.edit_issue(repo, 1, title=f"Title of minute {minute}")
            if minute % 5 == 0:
                session = sessions[minute // 5 % FOLLOWED]
                conclusion = "success" if minute % 2 else "failure"
                world.hub.set_check(session.project.github_repo, session.head_sha, conclusion)
            world.beat()
        named = f"{BUSY_MINUTES} busy minutes, {FOLLOWED} pull requests followed"
        return _figures(named, world.requests, world.counted, _peak(world), minutes=BUSY_MINUTES)


def _scarce() -> list[Figure]:
    """Others use the same token until little is LEFT of the hour, and a repository with many issues is linked."""
    with simulated({TOKEN: "autowrkers-bot"}) as world:
        projects = _link(world)
        for project in projects[:FOLLOWED]:
            _follow(world, project)
        _settle(world)
        for number in range(LONG_LIST):
            world.hub.create_issue(projects[-1].github_repo, f"Issue {number}", "")
        Project.objects.filter(pk=projects[-1].pk).update(listed_filter=None)
        waited: Counter[str] = Counter()
        until: dict[str, datetime] = {}
        for left in LEFT:
            window = world.hub._gate.window(TOKEN)
            window.used = max(window.used, world.hub._gate.limit - left)
            for _ in range(SCARCE_MINUTES):
                world.beat()
                _note_waiting(waited, until)
        named, minutes = "an hour nearly used up", SCARCE_MINUTES * len(LEFT)
        figures = _figures(named, world.requests, world.counted, _peak(world), minutes=minutes)
        rows = [
            Figure(f"  {words}, at the end until {until[words]:%H:%M}", minutes, "project minutes")
            for words, minutes in sorted(waited.items())
        ]
        return figures + rows


def _link(world: World) -> list[Project]:
    hub = world.hub
    credential = Credential.objects.for_secret(kind=Credential.Kind.TOKEN, api_url=hub.api_url, secret=TOKEN)
    IssueSession.objects.all().delete()
    Project.objects.all().delete()
    found = []
    for number in range(PROJECTS):
        repo = hub.create_repository(f"acme/repo-{number}")
        for issue in range(3):
            hub.create_issue(repo, f"Issue {issue}", "It does not work.")
        project = create_project(
            name=repo.name, github_repo=repo.full_name, credential=credential, automation_enabled=True
        )
        _hook(world, project)
        found.append(project)
    return found


def _hook(world: World, project: Project) -> None:
    hub, secret = world.hub, f"secret of {project.name}"
    hub.permit(project.github_repo, "autowrkers-bot", "admin")
    repo = hub.repository(project.github_repo)
    hook = Hook(hub._ledger.next_id(), "", secret, EVENTS, active=False, created_at=world.now)
    ping = Delivery(hub._ledger.next_id(), new_guid(), "ping", None, repo.id, world.now, status=202)
    hook.deliveries.append(ping)
    repo.hooks[hook.id] = hook
    project.webhook_credential = Credential.objects.for_secret(
        kind=Credential.Kind.WEBHOOK, api_url=hub.api_url, secret=secret
    )
    project.save(update_fields=["webhook_credential"])
    RepositoryHook.objects.create(project=project, hook_id=hook.id)


def _settle(world: World) -> None:
    """The first answers to every question, and to those that a leap in time made due, are not part of a day."""
    for _ in range(SETTLED_IN):
        world.beat()
    world.requests = world.counted = 0
    world.by_minute.clear()


def _follow(world: World, project: Project) -> IssueSession:
    bare = world.hub.repository(project.github_repo).bare
    tree = bare.git("mktree").strip()
    first = bare.git("commit-tree", tree, "-m", "First").strip()
    bare.git("branch", "main", first)
    head = bare.git("commit-tree", tree, "-p", first, "-m", "More").strip()
    bare.git("branch", "feature/issue-1", head)
    client = connect(project, priority=Priority.PUBLISH)
    pr = client.create_pr(project.github_repo, "feature/issue-1", "main", "A pull request", "")
    return create_session(
        project=project,
        github_issue_number=10_000,
        status=Status.PR_CREATED,
        step=Step.FOLLOW,
        pr_number=pr.number,
        head_sha=head,
        pushed_sha=head,
    )


def _note_waiting(waited: Counter[str], until: dict[str, datetime]) -> None:
    """What the product tells people of each project that waits now."""
    for message in Project.objects.exclude(error_code="").values_list("error_message", flat=True):
        kept = message.partition("these are ")[2].partition(" until ")[0]
        words = f"waits, what is left is {kept}"
        waited[words] += 1
        moment = message.partition(" until ")[2][:19]
        until[words] = datetime.strptime(moment, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007


def _peak(world: World) -> int:
    return max(world.by_minute.values())


def _figures(
    named: str, requests: int, counted: int, peak: int, *, minutes: int, goal: Goal | None = None
) -> list[Figure]:
    share = 100 * counted / (LIMIT * minutes / 60)
    return [
        Figure(f"{named}: requests", requests, ""),
        Figure(f"{named}: requests that count", counted, ""),
        Figure(f"{named}: share of the quota", round(share, 3), "%", goal=goal),
        Figure(f"{named}: requests in the busiest minute", peak, "", goal=Goal("value", 900)),
    ]
