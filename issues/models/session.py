"""The session: our work on one issue of one project, from sync to merge."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import models
from django.db.models import Q
from django.utils import timezone

from issues.models.texts import TextsField
from issues.states import RUNNABLE, Status, Step
from projects import clocks, leases
from projects.access import of_visible_projects
from projects.models import Leased, Project, Scope

SYSTEM = "autowrkers"
ENQUEUE_GRACE = timedelta(minutes=5)
RESENT_AFTER = leases.DURATION  # a lost message then costs what a dead worker does


def new_public_id() -> str:
    return secrets.token_hex(8)


def _waits_in_queue() -> Q:
    """Handed over a moment ago, and no worker has come for it: one that came and died has used up its message."""
    lately = Q(enqueued_at__gt=leases.db_in(-ENQUEUE_GRACE), enqueued_at__lte=leases.db_in(clocks.APART))
    return leases.not_claimed_since("enqueued_at") & lately


class IssueSessionQuerySet(models.QuerySet["IssueSession"]):
    def visible_to(
        self, user: AbstractBaseUser | AnonymousUser, scope: str = Scope.READ
    ) -> IssueSessionQuerySet:
        return self.filter(of_visible_projects(user, scope))

    def queued(self) -> IssueSessionQuerySet:
        return self.filter(status__in=RUNNABLE, queued_at__isnull=False)

    def handed_over(self) -> IssueSessionQuerySet:
        """Those whose message is still meant, by the clock that dated it: dispatch and work may be on two hosts."""
        return self.filter(enqueued_at__gt=leases.db_in(-ENQUEUE_GRACE))

    def running(self) -> IssueSessionQuerySet:
        """Held by a live lease."""
        return self.filter(leases.live())

    def lapsed(self) -> IssueSessionQuerySet:
        """Their last holder never gave the lease back, and it has run out."""
        return self.filter(leases.free(), lease_until__isnull=False)

    def asked_for(self) -> IssueSessionQuerySet:
        """With a request of a person that no worker has carried out yet."""
        return self.filter(requested_verb__gt="")

    def unparked(self, now: datetime) -> IssueSessionQuerySet:
        """Past any parking, as far as the clock that wrote its end was right."""
        passed = Q(not_before=None) | Q(not_before__lte=now)
        return self.filter(passed | clocks.ahead("changed_at", now))

    def enqueued(self) -> IssueSessionQuerySet:
        """Handed to the queue a moment ago and not yet claimed. One that has ended or waits for a person is neither."""
        return self.queued().filter(leases.free(), _waits_in_queue())

    def awaited(self) -> IssueSessionQuerySet:
        """Enqueued for so long that the message may be lost. Of many that arrive, the first alone is meant."""
        return self.enqueued().filter(enqueued_at__lte=leases.db_in(-RESENT_AFTER))

    def due(self, now: datetime) -> IssueSessionQuerySet:
        """Queued, free, and past any parking; not handed to the queue a moment ago. Begun ones first, then as queued.

        Of those that were queued together the oldest issue comes first.
        """
        ready = self.queued().filter(leases.free()).unparked(now)
        return ready.exclude(_waits_in_queue()).order_by(
            models.Case(models.When(status=Status.PENDING, then=1), default=0),
            "queued_at",
            "github_issue_number",
            "id",
        )


class IssueSession(Leased):
    """Only `issues/transitions.py` writes status, step and reason."""

    class Verb(models.TextChoices):
        STOP = "stop", "Stop"
        SKIP = "skip", "Skip"
        CLOSE = "close", "Close"

    class PrState(models.TextChoices):
        OPEN = "open", "Open"
        DRAFT = "draft", "Draft"
        MERGED = "merged", "Merged"
        CLOSED = "closed", "Closed"

    project = models.ForeignKey(Project, models.CASCADE, related_name="sessions")
    public_id = models.CharField(max_length=32, unique=True, default=new_public_id, editable=False)

    github_issue_number = models.PositiveIntegerField("issue number")
    github_issue_title = models.CharField("title", max_length=512, blank=True)
    github_issue_body = models.TextField("description", blank=True)
    github_issue_labels = TextsField("labels", default=list, blank=True)
    issue_state = models.CharField(max_length=16, default="open")
    issue_author = models.CharField(max_length=100, blank=True)
    issue_author_association = models.CharField("GitHub's word of its author", max_length=32, blank=True)
    issue_created_at = models.DateTimeField(null=True, blank=True)
    issue_updated_at = models.DateTimeField(null=True, blank=True)
    complexity_score = models.FloatField(default=0)
    complexity_level = models.CharField(max_length=8, blank=True)
    complexity_reasons = TextsField(default=list, blank=True)

    status = models.CharField(max_length=16, choices=Status.choices, default=Status.PENDING)
    step = models.CharField(max_length=16, choices=Step.choices, default=Step.PREPARE)
    reason = models.CharField(max_length=64, blank=True)
    last_error = models.TextField(blank=True)
    not_before = models.DateTimeField(null=True, blank=True)
    parked_times = models.PositiveIntegerField(
        default=0, help_text="Parked in a row: the back-off grows with it."
    )
    queued_at = models.DateTimeField(null=True, blank=True)
    queued_by = models.CharField(max_length=200, blank=True)
    approved_text = models.CharField(
        max_length=64, blank=True, editable=False, help_text="What it said when a person last started it."
    )
    enqueued_at = models.DateTimeField(null=True, blank=True)
    requested_verb = models.CharField(max_length=8, choices=Verb.choices, blank=True)
    requested_by = models.CharField(max_length=200, blank=True)
    requested_at = models.DateTimeField(null=True, blank=True)

    session = models.ForeignKey(
        "issues.Attempt",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="The current attempt.",
    )
    round = models.PositiveIntegerField(default=1)
    attempts = models.PositiveIntegerField(default=0, help_text="Counted attempts of this round.")
    branch_name = models.CharField(max_length=255, blank=True)
    base_sha = models.CharField("base commit", max_length=64, blank=True)
    head_sha = models.CharField("head commit", max_length=64, blank=True)
    pushed_sha = models.CharField("pushed commit", max_length=64, blank=True)

    pr_number = models.PositiveIntegerField("pull request number", null=True, blank=True)
    pr_state = models.CharField("pull request", max_length=8, choices=PrState.choices, blank=True)
    pr_checks = models.CharField("checks on GitHub", max_length=16, blank=True)
    pr_review = models.CharField("review on GitHub", max_length=24, blank=True)
    merged_at = models.DateTimeField(null=True, blank=True)
    merged_by = models.CharField(max_length=100, blank=True)
    merge_sha = models.CharField("merge commit", max_length=64, blank=True)
    foreign_commits = models.BooleanField(
        null=True, blank=True, help_text="Commits that are not ours were merged."
    )
    manual_review = models.BooleanField(default=False)
    manual_review_reason = models.TextField(blank=True)
    followed_at = models.DateTimeField(null=True, blank=True)

    heard_at = models.DateTimeField(
        "last sign of life",
        null=True,
        blank=True,
        editable=False,
        help_text="Output of its agent or of a check, or a step that began; by the database's clock.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(
        "last activity", default=timezone.now, editable=False, help_text="Of its newest event or content."
    )
    started_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)

    objects = IssueSessionQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["project", "github_issue_number"], name="one_session_per_issue")
        ]
        indexes = [
            models.Index(fields=["project", "status", "-id"], name="session_by_project_status"),
            models.Index(fields=["status", "-id"], name="session_by_status"),
            models.Index(fields=["project", "-id"], name="session_by_project"),
            models.Index(fields=["pr_state", "-id"], name="session_by_pr_state"),
            models.Index(fields=["manual_review", "-id"], name="session_by_review"),
            models.Index(fields=["github_issue_number", "-id"], name="session_by_issue"),
            models.Index(fields=["project", "-changed_at", "-id"], name="session_by_activity"),
            models.Index(fields=["completed_at", "id"], name="session_by_end"),
            models.Index(fields=["project", "status", "completed_at"], name="session_ended"),
            models.Index(
                fields=["lease_until"], condition=models.Q(lease_until__isnull=False), name="session_held"
            ),
            models.Index(
                fields=["project", "lease_until"],
                condition=models.Q(lease_until__isnull=False),
                name="session_held_of_project",
            ),
            models.Index(
                fields=["project", "queued_at"],
                condition=models.Q(queued_at__isnull=False),
                name="session_queued",
            ),
            models.Index(
                fields=["project"], condition=models.Q(requested_verb__gt=""), name="session_asked_for"
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.github_issue_number} {self.github_issue_title}"

    @property
    def issue_url(self) -> str:
        return f"{self.project.web_url}/issues/{self.github_issue_number}"

    @property
    def pr_url(self) -> str:
        return f"{self.project.web_url}/pull/{self.pr_number}" if self.pr_number else ""

    @property
    def page_url(self) -> str:
        return f"{settings.SITE_URL}/admin/session/{self.pk}/"

    def is_handed_over(self, now: datetime) -> bool:
        """Whether the queue's message for it is still meant."""
        return self.enqueued_at is not None and self.enqueued_at > now - ENQUEUE_GRACE

    def is_parked(self, now: datetime) -> bool:
        """Until later, and by a clock that was not ahead."""
        waits = self.not_before is not None and self.not_before > now
        return waits and not clocks.is_ahead(self.changed_at, now)

    def must_wait(self, now: datetime) -> bool:
        """Parked until later, or queued by an automation that has been stopped since."""
        is_suspended = self.queued_by == SYSTEM and not self.project.automation_enabled
        return is_suspended or self.is_parked(now)
