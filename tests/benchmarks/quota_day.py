"""What a hundred projects that share one token cost of its quota: an idle day, a busy time, and an hour nearly used up.

Time is simulated, minute by minute: of the idle day the first minutes of each hour, since the others are like them.
`whole_day` plays all of its 1,440 minutes, which takes most of an hour.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from issues.models import IssueSession
from issues.states import Status, Step
from projects.connection import connect
from projects.github.ratelimit import Priority
from projects.models import Credential, Project
from tests.benchmarks.figures import Figure, Goal
from tests.benchmarks.simulated import World, simulated
from tests.factories import create_project, create_session

TOKEN = "ghp_benchmark" + "0" * 27
PROJECTS = 100
FOLLOWED = 20
HOURS, OF_EACH = 24, timedelta(minutes=2)
BUSY_MINUTES = 10
LEFT = (2400, 900, 400, 200)  # of 5,000, for a few minutes each
SCARCE_MINUTES = 3
GOAL_SHARE = 2.0  # percent of the day's quota
LONG_LIST = 1200  # issues of the repository that is linked when little is left


def measure() -> list[Figure]:
    return [*_idle(OF_EACH), *_busy(), *_scarce()]


def measure_whole_day() -> list[Figure]:
    return _idle(timedelta(hours=1))


def _idle(of_each: timedelta) -> list[Figure]:
    """Of each hour the first `of_each`."""
    with simulated({TOKEN: "autowrkers-bot"}) as world:
        _link(world)
        _settle(world)
        began, parked = world.now, 0
        for hour in range(HOURS):
            world.now = began + timedelta(hours=hour)
            while world.now < began + timedelta(hours=hour) + of_each:
                world.beat()
                parked += Project.objects.exclude(error_code="").count()
        minutes = HOURS * int(of_each.total_seconds()) // 60
        named = f"idle day of {PROJECTS} projects, {minutes:,} minutes of it"
        figures = _figures(named, world, minutes, goal=Goal("value", GOAL_SHARE))
        return [*figures, Figure(f"{named}: parked", parked, "project minutes")]


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
        return _figures(named, world, BUSY_MINUTES)


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
        figures = _figures("an hour nearly used up", world, SCARCE_MINUTES * len(LEFT))
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
        found.append(
            create_project(
                name=repo.name, github_repo=repo.full_name, credential=credential, automation_enabled=True
            )
        )
    return found


def _settle(world: World) -> None:
    """The first answers to every question are not part of a day."""
    for _ in range(3):
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


def _figures(named: str, world: World, minutes: int, *, goal: Goal | None = None) -> list[Figure]:
    quota = world.hub._gate.limit * minutes / 60
    peak = max(world.by_minute.values())
    return [
        Figure(f"{named}: requests", world.requests, ""),
        Figure(f"{named}: requests that count", world.counted, ""),
        Figure(f"{named}: share of the quota", round(100 * world.counted / quota, 3), "%", goal=goal),
        Figure(f"{named}: requests in the busiest minute", peak, "", goal=Goal("value", 900)),
    ]
