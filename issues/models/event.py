"""The transaction log of a session: append-only rows saying who changed what, when, why and on what evidence."""

from __future__ import annotations

from django.db import models

from issues.states import Status


class SessionEvent(models.Model):
    issue_session = models.ForeignKey("issues.IssueSession", models.CASCADE, related_name="events")
    created_at = models.DateTimeField(auto_now_add=True)
    actor = models.CharField(max_length=200)
    verb = models.CharField(max_length=32, help_text="moved, parked, queued, requested, refused or noted.")
    old_status = models.CharField(max_length=16, blank=True)
    new_status = models.CharField(max_length=16, blank=True)
    step = models.CharField(max_length=16, blank=True)
    reason = models.CharField(max_length=64, blank=True)
    message = models.TextField(blank=True)
    evidence = models.JSONField(default=dict)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["issue_session", "-id"], name="event_by_session"),
            models.Index(fields=["-created_at", "-id"], name="event_by_date"),
        ]

    def __str__(self) -> str:
        words = dict(Status.choices)
        old, new = (words.get(status, "-") for status in (self.old_status, self.new_status))
        return f"{self.verb}: {old} -> {new} ({self.reason.replace('_', ' ') or 'no reason'})"
