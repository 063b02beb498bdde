"""An attempt: one agent process working on a session. A resumed agent is a new attempt."""

from __future__ import annotations

import socket
from pathlib import Path

from django.conf import settings
from django.db import models

from projects.workspace.processes import ProcessIdentity


class AttemptQuerySet(models.QuerySet["Attempt"]):
    def unfinished(self) -> AttemptQuerySet:
        """Their agents run, or their worker is gone and nobody has said so yet."""
        return self.filter(outcome="")

    def started_here(self) -> AttemptQuerySet:
        """Those whose process is, or was, on this host."""
        return self.filter(host=socket.gethostname(), pid__isnull=False)


class Attempt(models.Model):
    class Kind(models.TextChoices):
        FIRST = "first", "First"
        RETRY = "retry", "Retry"
        FOLLOW_UP = "follow_up", "Follow-up"
        RESUME = "resume", "Resume"

    issue_session = models.ForeignKey("issues.IssueSession", models.CASCADE, related_name="attempt_rows")
    number = models.PositiveIntegerField(help_text="Counts all agent processes of the session, never reset.")
    round = models.PositiveIntegerField()
    kind = models.CharField(max_length=16, choices=Kind.choices)
    counted = models.BooleanField(default=False, help_text="Used up one of the round's attempts.")
    prompt = models.TextField()
    agent = models.CharField(max_length=32)
    agent_version = models.CharField(max_length=64, blank=True)
    agent_session_id = models.CharField(max_length=128, blank=True)
    base_sha = models.CharField(max_length=64, blank=True)
    head_sha = models.CharField(max_length=64, blank=True)
    outcome = models.CharField(max_length=32, blank=True, help_text="Empty while the agent runs.")
    message = models.TextField(blank=True)
    summary = models.TextField(blank=True, help_text="The agent's last words.")
    turns = models.PositiveIntegerField(null=True, blank=True)
    input_tokens = models.PositiveBigIntegerField(null=True, blank=True)
    output_tokens = models.PositiveBigIntegerField(null=True, blank=True)
    cost_usd = models.DecimalField(max_digits=10, decimal_places=4, null=True, blank=True)
    host = models.CharField(max_length=255, blank=True)
    pid = models.PositiveIntegerField(null=True, blank=True)
    pid_started = models.CharField(
        max_length=100, blank=True, help_text="Tells the process from a later one."
    )
    started_at = models.DateTimeField(auto_now_add=True)
    retry_at = models.DateTimeField(
        null=True, blank=True, help_text="When the agent's service wants to be asked again."
    )
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = AttemptQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["-started_at", "-id"], name="attempt_by_date"),
            models.Index(fields=["kind", "-started_at", "-id"], name="attempt_by_kind"),
            models.Index(
                fields=["host", "issue_session"], condition=models.Q(outcome=""), name="attempt_unfinished"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["issue_session", "number"], name="attempt_number_once_per_session"
            )
        ]

    def __str__(self) -> str:
        return f"attempt {self.number} of session {self.issue_session_id}"

    @property
    def process(self) -> ProcessIdentity:
        return ProcessIdentity(self.host, self.pid or 0, self.pid_started)

    @property
    def transcript_path(self) -> Path:
        root: Path = settings.AUTOWRKERS_LOG_ROOT
        return root / f"{self.pk}.jsonl"

    @property
    def bundle_path(self) -> Path:
        """Where its imported commits lie for other hosts."""
        return self.transcript_path.with_suffix(".bundle")
