"""The Clusters page: the hosts that work, what waits for them, what they hold, and what is left of GitHub's quota."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Min
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from automation import hosts, stalls, waiting
from automation.alerts import START
from automation.hosts import Standing as Host
from automation.models import Alert
from automation.pages.page import Route, render
from automation.pages.query import Query
from automation.pages.standing import Standing
from issues.models import IssueSession
from projects import leases
from projects.models import Credential

OK = Standing("Alive", "✓", "success")
DRAINING = Standing("Draining", "◷", "warn")
PARTLY = Standing("Partly dead", "!", "warn")
DEAD = Standing("Dead", "✕", "danger")
LEFT = Standing("Ended", "–", "neutral")
REMEDIES = {
    PARTLY: "See why that part has ended on this host, and start it again.",
    DEAD: "Nothing is lost: other hosts take its sessions over within a minute. Start it again, or leave it.",
    DRAINING: "It takes no new session and hands over what runs.",
}
PART_NAMES = {hosts.SESSIONS: "sessions", hosts.QUEUE: "default cluster", hosts.CLOCK: "clock"}


@dataclass(frozen=True)
class Line:
    """One host; `parts` are its parts with the seconds since each was heard of."""

    host: Host
    standing: Standing
    remedy: str
    parts: list[tuple[str, int, bool]]


@require_safe
def clusters(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    Query(request)
    if not getattr(request.user, "is_superuser", False):
        raise PermissionDenied("The installation is looked at by its administrators.")
    known, now = hosts.standings(), timezone.now()
    return render(
        request,
        "automation/clusters.html",
        title="Clusters",
        lines=[_line(host) for host in known],
        slots=sum(host.slots for host in known),
        free=sum(host.free for host in known),
        stalled=stalls.stalled(known).values(),
        start=START,
        alerts=Alert.objects.filter(ended_at=None).select_related("project").order_by("first_at"),
        messages_waiting=waiting.messages(),
        oldest_queued=_oldest_queued(now),
        running=_running(),
        quotas=_quotas(now),
    )


def _quotas(now: datetime) -> list[tuple[Credential, bool]]:
    """What GitHub told of each credential's hour, and whether that hour is over."""
    told = Credential.objects.filter(rate_remaining__isnull=False).order_by("login", "pk")
    return [(each, each.rate_reset_at is not None and each.rate_reset_at <= now) for each in told]


def _line(host: Host) -> Line:
    standing = _standing(host)
    parts = [
        (PART_NAMES[part], max(0, int(age.total_seconds())), host.lives(part))
        for part, age in host.ages.items()
    ]
    return Line(host, standing, REMEDIES.get(standing, ""), parts)


def _standing(host: Host) -> Standing:
    if not host.is_alive:
        return DEAD if host.dead_parts else LEFT
    if host.dead_parts:
        return PARTLY
    return DRAINING if host.row.is_draining and host.lives(hosts.SESSIONS) else OK


def _oldest_queued(now: datetime) -> datetime | None:
    rows = IssueSession.objects.filter(project__archived_at=None).due(now).order_by()
    oldest: datetime | None = rows.aggregate(least=Min("queued_at"))["least"]
    return oldest


def _running() -> list[tuple[IssueSession, str, int]]:
    """The sessions that are held, by whom, and seconds since that was last said."""
    held = IssueSession.objects.running().annotate(now=leases.db_now()).select_related("project")
    found = []
    for session in held.defer("github_issue_body").order_by("lease_owner", "pk"):
        age: timedelta = leases.DURATION - (session.lease_until - getattr(session, "now"))  # noqa: B009
        found.append((session, session.lease_owner.partition(":")[0], max(0, int(age.total_seconds()))))
    return found


ROUTES: list[Route] = [
    ("clusters/", clusters, "clusters"),
]
