"""What a project takes in this host's workspace."""

from __future__ import annotations

from datetime import datetime, timedelta

from issues.models import IssueSession
from projects.models import Project
from projects.workspace import folders

MEASURED_EVERY = timedelta(hours=1)


def weigh(project: Project, now: datetime) -> None:
    """Hourly, store how many bytes its mirror and its sessions' folders take here."""
    measured = project.workspace_measured_at
    if measured is not None and now - measured <= MEASURED_EVERY:
        return
    places = folders.found()
    pks = IssueSession.objects.filter(project=project, pk__in=places).values_list("pk", flat=True)
    paths = [project.mirror_path, *(path for pk in pks for path in places[pk])]
    used = sum(folders.disk_usage(path) for path in paths if path.exists())
    Project.objects.filter(pk=project.pk).update(workspace_bytes=used, workspace_measured_at=now)
