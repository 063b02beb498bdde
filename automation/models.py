"""The journal of outside effects, the inbox of webhook deliveries, the outbox of notifications, hosts and alerts."""

from __future__ import annotations

from django.db import models

from issues.models import IssueSession
from projects.models import GitHubApp, Project


class Effect(models.Model):
    """One outside effect: the intent is committed before the act, the outcome after it."""

    class Kind(models.TextChoices):
        PUSH = "push", "Push"
        PULL_REQUEST = "pull_request", "Pull request"
        PR_COMMENT = "comment_pr", "Comment: pull request"
        FAILED_COMMENT = "comment_failed", "Comment: failed"
        LABEL = "label", "Label"
        CLOSE_ISSUE = "close_issue", "Close issue"

    issue_session = models.ForeignKey(IssueSession, models.CASCADE, related_name="effects")
    round = models.PositiveIntegerField()
    kind = models.CharField(max_length=16, choices=Kind.choices)
    ordinal = models.PositiveIntegerField(default=1)
    intent = models.JSONField(default=dict)
    not_before = models.DateTimeField(null=True, blank=True, help_text="When to look after a lost answer.")
    outcome = models.JSONField(null=True, blank=True, help_text="Empty: not known to have happened.")
    created_at = models.DateTimeField(auto_now_add=True)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="effect_by_date"),
            models.Index(fields=["kind", "-created_at", "-id"], name="effect_by_kind"),
            models.Index(fields=["kind", "done_at", "issue_session"], name="effect_by_done"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["issue_session", "round", "kind", "ordinal"], name="one_effect_per_key"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.ordinal} of session {self.issue_session_id}, round {self.round}"


class _ReadLog(models.Model):
    """How far GitHub's list of what a webhook delivered is read."""

    checked_at = models.DateTimeField(
        null=True, blank=True, help_text="When GitHub's list of deliveries was last read."
    )
    owed_since = models.DateTimeField(
        null=True, blank=True, help_text="The first attempt at the oldest delivery that has not arrived."
    )

    class Meta:
        abstract = True


class RepositoryHook(_ReadLog):
    """The webhook on GitHub that calls us about a project, where we know its id."""

    project = models.OneToOneField(Project, models.CASCADE, related_name="hook")
    hook_id = models.PositiveBigIntegerField()

    def __str__(self) -> str:
        return f"Webhook {self.hook_id} of {self.project}"


class AppHook(_ReadLog):
    """The webhook that a GitHub App of ours may have."""

    app = models.OneToOneField(GitHubApp, models.CASCADE, related_name="hook")

    def __str__(self) -> str:
        return f"Webhook of {self.app}"


class WebhookDelivery(models.Model):
    """One delivery of GitHub's, kept once whoever sends it how often. `payload` is a small extract: ids and refs."""

    class State(models.TextChoices):
        RECEIVED = "received", "Received"
        DONE = "done", "Done"
        IGNORED = "ignored", "Ignored"
        FAILED = "failed", "Failed"

    delivery_id = models.CharField(max_length=64, unique=True)
    event = models.CharField(max_length=64)
    action = models.CharField(max_length=64, blank=True, default="")
    project = models.ForeignKey(Project, models.SET_NULL, null=True, blank=True, related_name="deliveries")
    payload = models.JSONField(default=dict)
    state = models.CharField(max_length=16, choices=State.choices, default=State.RECEIVED)
    reason = models.CharField(max_length=500, blank=True, default="")
    attempts = models.PositiveSmallIntegerField(default=0)
    received_at = models.DateTimeField(auto_now_add=True)
    processed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["-received_at", "-id"], name="delivery_by_date"),
            models.Index(fields=["project", "-received_at", "-id"], name="delivery_by_project"),
            models.Index(fields=["project", "state", "-received_at", "-id"], name="delivery_of_state"),
            models.Index(fields=["state", "-received_at", "-id"], name="delivery_by_state"),
        ]
        verbose_name_plural = "webhook deliveries"

    def __str__(self) -> str:
        return f"{self.event} {self.delivery_id}"


class NotificationRoute(models.Model):
    class Channel(models.TextChoices):
        EMAIL = "email", "E-mail"
        SLACK = "slack", "Slack"
        WEBHOOK = "webhook", "Webhook"

    project = models.ForeignKey(
        Project,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="notification_routes",
        help_text="Empty: all projects.",
    )
    channel = models.CharField(max_length=16, choices=Channel.choices)
    target = models.CharField(max_length=500)
    events = models.JSONField(default=list)
    paused = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.get_channel_display()} for {self.project or 'all projects'}"


class Notification(models.Model):
    """One message of the outbox, written in the transaction of what it tells."""

    route = models.ForeignKey(NotificationRoute, models.CASCADE, related_name="notifications")
    issue_session = models.ForeignKey(IssueSession, models.CASCADE, null=True, blank=True)
    event = models.CharField(max_length=64)
    dedupe_key = models.CharField(max_length=200, unique=True)
    body = models.JSONField(default=dict)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["-created_at", "-id"], name="notification_by_date")]

    def __str__(self) -> str:
        return f"{self.event} by {self.route}"


class Host(models.Model):
    """A machine that works for this installation, as it told of itself. All times are by the database's clock.

    Each part of the product that runs there says so by itself; an empty time means that it has ended.
    """

    name = models.CharField(max_length=200, unique=True)
    slots = models.PositiveIntegerField(default=0, help_text="Sessions that may run there at the same time.")
    version = models.CharField(max_length=32, blank=True)
    disk_free_bytes = models.PositiveBigIntegerField(null=True, blank=True)
    is_draining = models.BooleanField(default=False, help_text="It hands over what runs, and takes nothing.")
    boot = models.CharField(max_length=36, blank=True, help_text="Which boot of a machine told this last.")
    doubled_at = models.DateTimeField(
        null=True, blank=True, help_text="When another machine was last heard under this name."
    )
    started_at = models.DateTimeField(null=True, blank=True)
    sessions_seen_at = models.DateTimeField(null=True, blank=True)
    queue_seen_at = models.DateTimeField(null=True, blank=True)
    clock_seen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Alert(models.Model):
    """One fact that needs a person: raised once, and ended when it is gone."""

    class Kind(models.TextChoices):
        CREDENTIAL = "credential_refused", "Credential refused"
        QUOTA = "quota_low", "Quota low"
        CLUSTER = "cluster_stalled", "Cluster stalled"
        CLOCK = "clock_silent", "Clock silent"
        DISK = "disk_low", "Disk low"
        PROJECT = "project_disabled", "Automation disabled"

    kind = models.CharField(max_length=24, choices=Kind.choices)
    subject = models.CharField(max_length=200, help_text="What it is about, within its kind.")
    project = models.ForeignKey(Project, models.CASCADE, null=True, blank=True, related_name="alerts")
    message = models.TextField()
    remedy = models.TextField(blank=True)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["project", "-first_at", "-id"], name="alert_by_project"),
            models.Index(fields=["ended_at"], name="alert_by_end"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject"], condition=models.Q(ended_at=None), name="one_open_alert_per_fact"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.subject}"
