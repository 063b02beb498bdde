"""Removing what ended sessions left in this host's workspace, and accounting for the disk they use."""

from __future__ import annotations

from issues.models import IssueSession
from issues.states import ENDED
from projects import leases
from projects.connection import mirror_of
from projects.models import Project
from projects.workspace import folders


def clear(project: Project) -> int:
    """Remove clones and homes of ended sessions of the project that nobody holds; answers the bytes freed."""
    freed = 0
    owned = folders.sessions_on_disk()
    ended = IssueSession.objects.filter(leases.free(), project=project, pk__in=owned, status__in=ENDED)
    for session_pk in ended.values_list("pk", flat=True):
        for path in folders.paths_of(session_pk):
            freed += folders.disk_usage(path)
            folders.remove(path)
        mirror_of(project).release(session_pk)
    return freed
