"""The heartbeat: every project that may have work is tended. Called by the clock, by a schedule, by anybody."""

from __future__ import annotations

from datetime import datetime

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from automation import archived, hosts, queue, recovery, repairing
from automation.webhooks import inbox
from projects import clocks, leases
from projects.models import Project


def tick() -> int:
    """Enqueue `tend` for each project that nobody tends now (answers how many); wind archived ones down.

    A message that nobody takes is sent again from when a lease would have ended; the first that arrives ends all that
    were sent before. Where no worker of the queue lives none is sent, so that the queue does not fill up: then what
    needs no GitHub is repaired here.
    """
    recovery.end_abandoned_leases()
    now = timezone.now()
    is_served = hosts.is_served(hosts.QUEUE)
    due = _due(now) if is_served else {}
    for project_pk, fence in due.items():
        queue.enqueue_tend(project_pk, fence)
    repairing.repair(_resting(now) if is_served else Project.objects.active(), now)
    archived.wind_down_all(now)
    inbox.prune(now)
    return len(due)


def _due(now: datetime) -> dict[int, int]:
    """Each with its fence. First it is noted that they wait, then it is read: a claim in between ends the note."""
    tried = Q(sync_requested_at=None) | Q(sync_requested_at__lte=F("last_tended_at"))
    rests = Q(tried, ~clocks.ahead("last_tended_at", now), retry_at__gt=now)
    awake = Project.objects.active().filter(leases.free()).exclude(rests)
    new = Q(tend_enqueued_at=None) | clocks.ahead("tend_enqueued_at", now)
    awake.filter(new).update(tend_enqueued_at=now)
    due = awake.filter(Q(tend_enqueued_at=now) | Q(tend_enqueued_at__lte=now - leases.DURATION))
    return dict(due.values_list("pk", "fence"))


def _resting(now: datetime) -> QuerySet[Project]:
    """Nobody tends a project that rests after trouble: requests and what dead workers left are seen to here."""
    return Project.objects.active().filter(retry_at__gt=now, tend_enqueued_at=None)
