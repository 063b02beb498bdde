"""Are both queue clusters and the clock alive? Told by the rows that they write, then by this host's processes.

What waits longer than a cluster would let it wait proves that the cluster is away, wherever it should run.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.core.checks import CheckMessage
from django.db.models import Count, Max, Min, Q
from django.utils import timezone
from django_q.models import OrmQ

from automation import hosts
from automation.checks.registry import fail, fine, note, register, warn
from automation.checks.situation import Situation
from automation.models import Alert
from automation.stalls import NAMES, WAITED, untaken_since, untended_since
from issues.models import IssueSession
from projects import leases
from projects.models import Project

LONG_QUEUE = 200
SHOWN_ALERTS = 20
START = "Start it: `python manage.py run` starts all parts, the Procfile names each."


@register("queue", "Default cluster")
def default_cluster(situation: Situation) -> Iterator[CheckMessage]:
    now = timezone.now()
    yield from _judge("queue", 60, waits_since=untended_since(now), now=now)


@register("queue", "Sessions cluster")
def sessions_cluster(situation: Situation) -> Iterator[CheckMessage]:
    now = timezone.now()
    if IssueSession.objects.running().exists():
        yield fine(61, "The sessions cluster (agents) is at work.")
        return
    yield from _judge("sessions", 61, waits_since=untaken_since(now), now=now)


@register("queue", "Clock")
def clock(situation: Situation) -> Iterator[CheckMessage]:
    """Every active project is woken at each beat, unless it rests after an error or is being tended."""
    now = timezone.now()
    awake = Project.objects.active().filter(leases.free(), Q(retry_at=None) | Q(retry_at__lt=now - WAITED))
    beats = awake.aggregate(asked=Max("tend_enqueued_at"), done=Max("last_tended_at"), born=Max("created_at"))
    last = max((moment for moment in (beats["asked"], beats["done"]) if moment is not None), default=None)
    if last is not None and now - last <= WAITED:
        yield fine(62, "The clock beats.")
        return
    since = last or beats["born"]
    yield from _judge("clock", 62, waits_since=since if since and now - since > WAITED else None, now=now)


@register("queue", "Names of hosts")
def names(situation: Situation) -> Iterator[CheckMessage]:
    doubled = [each.name for each in hosts.standings() if each.is_doubled]
    for name in doubled:
        message = f"Two machines work here under the name {name}: one's slots and space hide the other's."
        yield fail(65, message, "Give each machine a host name of its own, then restart its parts.")
    if not doubled:
        yield fine(65, "No two hosts share a name.")


@register("queue", "Queue")
def waiting(situation: Situation) -> Iterator[CheckMessage]:
    if settings.QUEUE_BROKER_URL:
        yield note(63, "The queue is on Redis; its length is not told here.")
        return
    now = timezone.now()
    rows = OrmQ.objects.filter(Q(lock=None) | Q(lock__lte=now)).aggregate(
        number=Count("pk"), oldest=Min("lock")
    )
    number, oldest = rows["number"], rows["oldest"]
    age = f", the oldest for {_span(now - oldest)}" if oldest else ""
    if number > LONG_QUEUE or (oldest and now - oldest > WAITED):
        yield warn(63, f"{number} messages wait in the queue{age}.", "See whether both clusters run (above).")
    else:
        yield fine(63, f"{number} messages wait in the queue{age}.")


@register("queue", "Alerts")
def alerts(situation: Situation) -> Iterator[CheckMessage]:
    opened = list(Alert.objects.filter(ended_at=None).order_by("first_at")[:SHOWN_ALERTS])
    for alert in opened:
        yield warn(64, f"Alert since {alert.first_at:%Y-%m-%d %H:%M} UTC: {alert.message}", alert.remedy)
    if not opened:
        yield fine(64, "No alert is open.")


def _judge(part: str, number: int, *, waits_since: datetime | None, now: datetime) -> Iterator[CheckMessage]:
    name = NAMES[part]
    places = [each.name for each in hosts.standings() if each.lives(part)]
    if waits_since is not None:
        message = f"{name} does nothing: what it should have done has waited for {_span(now - waits_since)}."
        yield fail(number, message, START)
    elif places:
        yield fine(number, f"{name} runs on {', '.join(places)}.")
    elif part in parts_here():
        yield fine(number, f"{name} runs on this host.")
    else:
        hint = f"Fine if it runs on another host or in another container. Else: {START}"
        yield warn(number, f"{name} is not seen on this host, and nothing waits that would show it.", hint)


def parts_here(proc: Path = Path("/proc")) -> set[str]:
    """Which parts of this installation run as processes of this host, by their command lines."""
    found = set()
    for folder in proc.glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
            here = (folder / "cwd").resolve()
        except OSError:
            continue
        found |= {part_of(words[1:])} if _is_ours(words[:2], here) else set()
    return found - {""}


def part_of(words: list[str]) -> str:
    """What `manage.py WORDS` is of the product; empty for anything else."""
    match [word for word in words[1:] if word]:
        case ["clock", *_]:
            return "clock"
        case ["qcluster", *options]:
            return "sessions" if "sessions" in options else "queue"
    return ""


def _is_ours(words: list[str], here: Path) -> bool:
    """`python manage.py`, and the manage.py is this one."""
    return (
        len(words) == 2
        and words[1].endswith("manage.py")
        and here / words[1] == settings.BASE_DIR / "manage.py"
    )


def _span(time: timedelta) -> str:
    seconds = int(time.total_seconds())
    for size, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= 2 * size:
            return f"{seconds // size} {name}s"
    return f"{seconds} seconds"
