"""A project's own trouble: recorded when it starts, shown to people, cleared by the next success."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from projects.errors import AutowrkersError
from projects.models import Project


def report_error(project: Project, error: AutowrkersError, *, retry_at: datetime | None = None) -> None:
    """Store the error with its first time; `retry_at` says when the next look may happen."""
    since = project.error_since if project.error_code == error.code else timezone.now()
    project.error_code, project.error_message, project.error_since = error.code, str(error), since
    project.retry_at = retry_at
    project.save(update_fields=["error_code", "error_message", "error_since", "retry_at"])


def clear_error(project: Project) -> None:
    if not project.error_code and project.retry_at is None:
        return
    project.error_code, project.error_message, project.error_since, project.retry_at = "", "", None, None
    project.save(update_fields=["error_code", "error_message", "error_since", "retry_at"])
