"""The heartbeat: every project that may have work is tended. Called by the clock, by a schedule, by anybody."""

from __future__ import annotations

from datetime import datetime

from django.db.models import F, Q
from django.utils import timezone

from automation import archived, hosts, queue, recovery
from automation.holding import Heartbeat
from automation.reconcile.applying import needs_repair, reconcile
from automation.webhooks import inbox
from projects import leases
from projects.leases import Lease
from projects.models import Project


def tick() -> int:
    """Enqueue `tend` for each project that nobody tends now (answers how many); wind archived ones down.

    A message that nobody takes is sent again from when a lease would have ended; the first that arrives ends all that
    were sent before. Where no worker of the queue lives none is sent, so that the queue does not fill up.
    """
    recovery.end_abandoned_leases()
    now = timezone.now()
    due = _due(now) if hosts.is_served(hosts.QUEUE) else {}
    Project.objects.filter(pk__in=due, tend_enqueued_at=None).update(tend_enqueued_at=now)
    for project_pk, fence in due.items():
        queue.enqueue_tend(project_pk, fence)
    _repair_resting(now)
    archived.wind_down_all(now)
    inbox.prune(now)
    return len(due)


def _due(now: datetime) -> dict[int, int]:
    """Each with its fence."""
    tried = Q(sync_requested_at=None) | Q(sync_requested_at__lte=F("last_tended_at"))
    waits = Q(tend_enqueued_at__gt=now - leases.DURATION)
    resting = Q(retry_at__gt=now) & tried | waits
    due = Project.objects.active().filter(leases.free()).exclude(resting)
    return dict(due.values_list("pk", "fence"))


def _repair_resting(now: datetime) -> None:
    """Nobody tends a project that rests after trouble: requests and what dead workers left are seen to here."""
    for project in Project.objects.active().filter(leases.free(), retry_at__gt=now, tend_enqueued_at=None):
        lease = leases.claim(Project, project.pk) if needs_repair(project, now) else None
        if lease is not None:
            _repair(project, lease, now)


def _repair(project: Project, lease: Lease, now: datetime) -> None:
    with Heartbeat(lease) as heartbeat:
        reconcile(project, now, lambda: not heartbeat.is_lost)
