"""Removing what ended sessions left in this host's workspace, and measuring what the project takes there."""

from __future__ import annotations

from datetime import datetime, timedelta

from issues.models import IssueSession
from issues.states import ENDED
from projects import leases
from projects.models import Project
from projects.workspace import folders
from projects.workspace.git import Remote
from projects.workspace.mirror import Mirror

MEASURED_EVERY = timedelta(hours=1)


def clear(project: Project, now: datetime) -> None:
    """Remove clones and homes of the project's ended sessions that nobody holds; then, or hourly, measure."""
    on_disk = folders.sessions_on_disk()
    mine = IssueSession.objects.filter(project=project, pk__in=on_disk)
    mirror = Mirror(project.mirror_path, Remote(project.clone_url))
    ended = list(mine.filter(leases.free(), status__in=ENDED).values_list("pk", flat=True))
    for session_pk in ended:
        for path in folders.paths_of(session_pk):
            folders.remove(path)
        mirror.release(session_pk)
    measured = project.workspace_measured_at
    if ended or measured is None or now - measured > MEASURED_EVERY:
        _measure(project, [pk for pk in mine.values_list("pk", flat=True) if pk not in ended], now)


def _measure(project: Project, session_pks: list[int], now: datetime) -> None:
    """Store how many bytes the project's mirror and its sessions' folders take on this host."""
    paths = [path for pk in session_pks for path in folders.paths_of(pk)]
    used = sum(folders.disk_usage(path) for path in (project.mirror_path, *paths) if path.exists())
    Project.objects.filter(pk=project.pk).update(workspace_bytes=used, workspace_measured_at=now)
