"""Putting a project away: it disappears from every list, automation stops, its secrets are forgotten.

GitHub is left alone. Sessions and workspace belong to higher layers: they see `archived_at` and clear up.
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from projects import signals
from projects.editing import forget_unused
from projects.models import Project
from projects.models.audit import record


@transaction.atomic
def archive(project: Project, *, actor: str) -> None:
    former = [project.credential_id, project.webhook_credential_id]
    project.archived_at = timezone.now()
    project.automation_enabled = False
    project.credential = project.webhook_credential = None
    project.save(update_fields=["archived_at", "automation_enabled", "credential", "webhook_credential"])
    forget_unused(former)
    record(actor=actor, verb="project.archived", subject=project, project=project)
    transaction.on_commit(lambda: signals.work_requested.send(Project, project_pk=project.pk))
