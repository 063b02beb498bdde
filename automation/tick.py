"""The heartbeat: every project that may have work is tended. Called by the clock, by a schedule, by anybody."""

from __future__ import annotations

from django.db.models import Q
from django.utils import timezone

from automation import queue
from projects import leases
from projects.models import Project


def tick() -> int:
    """Enqueue `tend` for each project that nobody tends now; answers how many."""
    now = timezone.now()
    resting = Q(retry_at__gt=now, sync_requested_at=None)
    due = Project.objects.active().filter(leases.free()).exclude(resting).values_list("pk", flat=True)
    for project_pk in due:
        queue.enqueue_tend(project_pk)
    return len(due)
