"""Mirrors made and fetched ahead of time, on each host that runs sessions: none of them waits for a first clone.

One project after another, at a low priority, and only where there is news: no mirror yet, an issue that was queued, a
branch that was pushed to or merged. Whatever a session does with a mirror comes first.
"""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime, timedelta

from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from automation import draining
from automation.models import WebhookDelivery
from issues.models import IssueSession
from issues.states import Status
from projects import leases
from projects.connection import mirror_of
from projects.errors import AutowrkersError
from projects.models import Project
from projects.workspace import space
from projects.workspace.mirror import fetched_at
from projects.workspace.processes import Stop

logger = logging.getLogger(__name__)
LOOK_SECONDS = 15.0
ROOM = 2  # times what a session needs to start must be free before
REST_SECONDS = 600.0  # after trouble with a project
PUSHED_LATELY = timedelta(minutes=10)


class _Brake(Stop):
    """Also set as soon as this process is to end, or the disk is nearly full."""

    def is_set(self) -> bool:
        if draining.has_begun():
            self.request("the cluster ends")
        elif space.is_short():
            self.request("the disk is nearly full")
        return super().is_set()


class Warmer:
    """Remembers with which projects there was trouble; all else is in the database and on the disk."""

    def __init__(self) -> None:
        self._resting: dict[int, float] = {}

    def look(self) -> list[int]:
        """Fetch what is due; answers the projects that were fetched."""
        done = []
        for project in candidates(timezone.now()):
            free = space.free_bytes()
            if draining.has_begun() or (free is not None and free < ROOM * space.FREE_BYTES):
                break
            is_resting = self._resting.get(project.pk, 0.0) > time.monotonic()
            if not is_resting and _is_due(project) and self._fetch(project):
                done.append(project.pk)
        return done

    def _fetch(self, project: Project) -> bool:
        began = time.monotonic()
        try:
            mirror_of(project, stop=_Brake(), lock_seconds=0).fetch()
        except AutowrkersError as error:
            if error.code != "git.locked":
                self._resting[project.pk] = time.monotonic() + REST_SECONDS
            logger.info("project=%s outcome=not_warmed %s", project.pk, error)
            return False
        logger.info("project=%s outcome=warmed seconds=%.1f", project.pk, time.monotonic() - began)
        return True


def candidates(now: datetime) -> QuerySet[Project]:
    """Projects whose automation runs and that GitHub answers for, but for those that a session of this host is at.

    `news`: when something last happened that a fetch would show, or that will need one.
    """
    rows = IssueSession.objects.filter(project=OuterRef("pk"))
    queued = rows.filter(queued_at__isnull=False).order_by("-queued_at").values("queued_at")[:1]
    merged = rows.filter(status=Status.COMPLETED).order_by("-completed_at").values("completed_at")[:1]
    pushes = WebhookDelivery.objects.filter(
        project=OuterRef("pk"), event="push", received_at__gte=now - PUSHED_LATELY
    )
    pushed = pushes.order_by("-received_at", "-id").values("received_at")[:1]
    busy = IssueSession.objects.filter(leases.live(), leases.of_this_host()).values("project")
    healthy = Project.objects.active().filter(
        Q(credential=None) | Q(credential__error_code=""), automation_enabled=True, error_code=""
    )
    seen = healthy.filter(repository_seen_at__isnull=False).exclude(pk__in=busy).select_related("credential")
    return seen.annotate(queued=Subquery(queued), merged=Subquery(merged), pushed=Subquery(pushed)).order_by(
        F("queued").desc(nulls_last=True), "pk"
    )


def _is_due(project: Project) -> bool:
    fetched = fetched_at(project.mirror_path)
    moments = (getattr(project, name, None) for name in ("queued", "merged", "pushed"))
    news = max((moment for moment in moments if moment is not None), default=datetime.min.replace(tzinfo=UTC))
    return fetched is None or news > fetched
