"""What an archived project left: its begun sessions are stopped, then its workspace on this host goes."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q

from automation.control import stop_session
from issues.states import RUNNABLE, Status
from issues.transitions import SYSTEM
from projects import leases
from projects.models import Project
from projects.workspace import folders

RECENTLY = timedelta(days=7)


def wind_down_all(now: datetime) -> int:
    """Wind down every lately archived project that left something; answers how many are not yet done."""
    return sum(not wind_down(project) for project in Project.objects.filter(archived_at__gt=now - RECENTLY))


def wind_down(project: Project) -> bool:
    """False while a worker still holds one of its sessions: call again."""
    begun = leases.live() | Q(queued_at__isnull=False) | ~Q(status=Status.PENDING)
    for session in project.sessions.filter(begun, status__in=RUNNABLE, requested_verb=""):
        stop_session(session, actor=SYSTEM)
    if project.sessions.running().exists():
        return False
    places = folders.found()
    for session_pk in project.sessions.filter(pk__in=places).values_list("pk", flat=True):
        for path in places[session_pk]:
            folders.remove(path)
    if project.mirror_path.exists():
        folders.remove(project.mirror_path)
    if project.working_dir:
        Project.objects.filter(pk=project.pk).update(working_dir="")  # free for another project
    return True
