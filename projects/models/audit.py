"""Append-only rows that say who changed a project, a credential, a role or a token, and how."""

from __future__ import annotations

from typing import Any

from django.db import models


class AuditEvent(models.Model):
    created_at = models.DateTimeField(auto_now_add=True)
    actor = models.CharField(max_length=200)
    verb = models.CharField(max_length=64)
    subject = models.CharField(max_length=200)
    project = models.ForeignKey("projects.Project", models.SET_NULL, null=True, related_name="audit_events")
    detail = models.JSONField(default=dict)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["project", "-id"], name="audit_by_project")]

    def __str__(self) -> str:
        return f"{self.actor} {self.verb} {self.subject}"


def record(*, actor: str, verb: str, subject: object, project: Any = None, **detail: Any) -> AuditEvent:
    """Write one audit row. `detail` holds names of changed fields and harmless values, never a secret."""
    return AuditEvent.objects.create(
        actor=actor, verb=verb, subject=str(subject)[:200], project=project, detail=detail
    )
