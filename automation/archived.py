"""What an archived project left: its begun sessions are stopped, then its workspace on this host goes."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from django.db.models import Q

from automation.apart import Apart
from automation.control import stop_session
from issues.states import RUNNABLE, Status
from issues.transitions import SYSTEM
from projects import leases
from projects.models import Project
from projects.workspace import folders

RECENTLY = timedelta(days=7)


def wind_down_all(now: datetime) -> int:
    """Wind down every lately archived project that left something; answers how many are not yet done."""
    archived = Project.objects.filter(archived_at__gt=now - RECENTLY)
    return sum(not _is_wound_down(project) for project in archived)


def _is_wound_down(project: Project) -> bool:
    """Trouble with one is told with its number, and keeps no other from its turn."""
    with Apart(f"project={project.pk} act=wind_down"):
        return wind_down(project)
    return False


def wind_down(project: Project) -> bool:
    """False while a worker still holds one of its sessions, or a folder cannot be removed: call again."""
    begun = leases.live() | Q(queued_at__isnull=False) | ~Q(status=Status.PENDING)
    for session in project.sessions.filter(begun, status__in=RUNNABLE, requested_verb=""):
        stop_session(session, actor=SYSTEM)
    if project.sessions.running().exists():
        return False
    places = folders.found()
    left = project.sessions.filter(pk__in=places).values_list("pk", flat=True)
    paths = [*(path for pk in left for path in places[pk]), project.mirror_path]
    if sum(not _is_removed(project, path) for path in paths):
        return False
    if project.working_dir:
        Project.objects.filter(pk=project.pk).update(working_dir="")  # free for another project
    return True


def _is_removed(project: Project, path: Path) -> bool:
    with Apart(f"project={project.pk} act=wind_down") as apart:
        folders.remove(path)
    return apart.error is None
