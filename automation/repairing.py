"""Reconciling outside of `tend`, with what needs no GitHub: where nobody tends, and where nobody who tends can see.

The tick repairs projects that rest, and all while no worker serves the queue. Each host that runs sessions repairs what
concerns its own disk and processes.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet
from django.utils import timezone

from automation import archived, draining
from automation.apart import Apart
from automation.holding import Heartbeat
from automation.reconcile.applying import needs_repair, reconcile
from projects import leases
from projects.leases import Lease
from projects.models import Project

LOOK_SECONDS = 60.0


def look() -> None:
    """One round of a host that runs sessions."""
    now = timezone.now()
    repair(Project.objects.active(), now)
    archived.wind_down_all(now)


def repair(projects: QuerySet[Project], now: datetime) -> None:
    """Those of them that nobody tends now; trouble with one keeps no other from its turn."""
    for project in projects.filter(leases.free()):
        if draining.has_begun():
            return
        with Apart(f"project={project.pk} act=repair"):
            _repair_if_needed(project, now)


def _repair_if_needed(project: Project, now: datetime) -> None:
    """A message that waits for the project is not meant any more, so it is asked anew."""
    if not needs_repair(project, now):
        return
    lease = leases.claim(Project, project.pk, tend_enqueued_at=None)
    if lease is not None:
        _repair(project, lease, now)


def _repair(project: Project, lease: Lease, now: datetime) -> None:
    with Heartbeat(lease) as heartbeat:
        reconcile(project, now, lambda: not (heartbeat.is_lost or draining.has_begun()))
