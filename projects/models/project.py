"""A project links a GitHub repository to an agent, its checks and its limits."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from projects import validators
from projects.models.access import Scope, roles_with
from projects.models.credential import Credential, CredentialQuerySet
from projects.models.leased import Leased

MINUTES = [MinValueValidator(1), MaxValueValidator(24 * 60)]


class ProjectQuerySet(models.QuerySet["Project"]):
    def active(self) -> ProjectQuerySet:
        return self.filter(archived_at=None)

    def visible_to(self, user: AbstractBaseUser | AnonymousUser, scope: str = Scope.READ) -> ProjectQuerySet:
        """Active projects on which `user` has a role that includes `scope`; all of them for a superuser."""
        if getattr(user, "is_superuser", False):
            return self.active()
        if not user.is_authenticated:
            return self.none()
        mine = models.Q(memberships__user=user.pk, memberships__role__in=roles_with(scope))
        return self.active().filter(mine)

    def working_with(self, credentials: CredentialQuerySet) -> ProjectQuerySet:
        """Projects that work with one of these: their own, else the one that GITHUB_TOKEN names."""
        own = models.Q(credential__in=credentials)
        return self.filter(own | models.Q(models.Exists(credentials.default()), credential=None))


def default_skip_labels() -> list[str]:
    return ["needs-discussion"]


def default_complex_labels() -> list[str]:
    return ["breaking-change", "architecture", "security"]


class Project(Leased):
    class Agent(models.TextChoices):
        CLAUDE_CODE = "claude_code", "Claude Code"
        CODEX = "codex", "Codex"
        COMMAND = "command", "Command"
        SCRIPTED = "scripted", "Scripted (demo)"

    class Review(models.TextChoices):
        MEDIUM = "medium", "medium and high"
        HIGH = "high", "high"
        NEVER = "never", "none"

    name = models.CharField(max_length=100)
    github_repo = models.CharField("GitHub repository", max_length=140, validators=[validators.validate_repo])
    github_host = models.CharField(max_length=255, editable=False)
    github_id = models.PositiveBigIntegerField(null=True, blank=True, editable=False)
    credential = models.ForeignKey(
        Credential, models.PROTECT, null=True, blank=True, related_name="projects", editable=False
    )
    webhook_credential = models.ForeignKey(
        Credential, models.PROTECT, null=True, blank=True, related_name="hooked_projects", editable=False
    )
    working_dir = models.CharField(
        max_length=500,
        blank=True,
        help_text="Empty: a folder of its own in the workspace. Only superusers change it.",
    )
    default_branch = models.CharField(max_length=255, default="main", validators=[validators.validate_branch])
    issue_filter = models.JSONField(default=dict, blank=True, validators=[validators.validate_issue_filter])
    auto_sync = models.BooleanField(default=True)
    auto_start = models.BooleanField(default=False)
    automation_enabled = models.BooleanField(default=False)
    max_concurrent = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(50)]
    )

    setup_command = models.TextField(blank=True)
    verification_command = models.TextField(
        blank=True, help_text="Named in the prompt, for example: npm test"
    )
    lint_command = models.TextField(blank=True)
    type_check_command = models.TextField(blank=True)
    test_command = models.TextField(blank=True)
    build_command = models.TextField(blank=True)
    smoke_command = models.TextField(blank=True)
    custom_checks = models.JSONField(
        default=list,
        blank=True,
        validators=[validators.validate_custom_checks],
        help_text='A list such as [{"name": "licences", "command": "make licences"}].',
    )

    agent = models.CharField(max_length=16, choices=Agent.choices, default=Agent.CLAUDE_CODE)
    agent_model = models.CharField(max_length=100, blank=True)
    agent_command = models.CharField(
        max_length=1000,
        blank=True,
        help_text="Template of the command agent: {prompt_file}, {work_dir}, {model}.",
    )
    attempt_max_minutes = models.PositiveIntegerField(default=60, validators=MINUTES)
    attempt_silence_minutes = models.PositiveIntegerField(default=15, validators=MINUTES)
    attempt_max_turns = models.PositiveIntegerField(
        default=100, validators=[MinValueValidator(1), MaxValueValidator(10_000)]
    )
    attempt_max_cost_usd = models.DecimalField(
        max_digits=8,
        decimal_places=2,
        null=True,
        blank=True,
        default=Decimal("5.00"),
        validators=[MinValueValidator(Decimal("0.01")), MaxValueValidator(Decimal(10_000))],
    )
    monthly_budget_usd = models.DecimalField(
        "monthly budget (USD)",
        max_digits=10,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal("0.01"))],
        help_text="What agents may cost in a calendar month (UTC); beyond it nothing starts. Empty: no limit.",
    )
    check_max_minutes = models.PositiveIntegerField(default=20, validators=MINUTES)

    skip_labels = models.JSONField(
        default=default_skip_labels, blank=True, validators=[validators.validate_labels]
    )
    complex_labels = models.JSONField(
        default=default_complex_labels, blank=True, validators=[validators.validate_labels]
    )
    trusted_authors = models.JSONField(default=list, blank=True, validators=[validators.validate_logins])
    review_level = models.CharField(
        max_length=8,
        choices=Review.choices,
        default=Review.HIGH,
        help_text="Issues of this complexity wait for a person before work starts.",
    )

    repository_branch = models.CharField(
        max_length=255, blank=True, editable=False, help_text="GitHub's own default branch, as last seen."
    )
    repository_archived = models.BooleanField(default=False, editable=False)
    repository_seen_at = models.DateTimeField(null=True, blank=True, editable=False)
    issues_compared_at = models.DateTimeField(null=True, blank=True, editable=False)
    sync_requested_at = models.DateTimeField(null=True, blank=True, editable=False)
    sync_cursor = models.DateTimeField(null=True, blank=True, editable=False)
    listing_cursor = models.DateTimeField(null=True, blank=True, editable=False)
    listed_filter = models.JSONField(
        null=True,
        blank=True,
        editable=False,
        help_text="The filter of the last complete listing; null: none yet.",
    )
    last_synced_at = models.DateTimeField(null=True, blank=True, editable=False)
    error_code = models.CharField(max_length=64, blank=True, editable=False)
    error_message = models.TextField(blank=True, editable=False)
    error_since = models.DateTimeField(null=True, blank=True, editable=False)
    retry_at = models.DateTimeField(null=True, blank=True, editable=False)
    tend_enqueued_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_tended_at = models.DateTimeField(null=True, blank=True, editable=False)
    workspace_bytes = models.PositiveBigIntegerField(null=True, blank=True, editable=False)
    workspace_measured_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["github_host", "github_id"],
                condition=models.Q(archived_at=None),
                name="one_active_project_per_repository",
            )
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        texts = (models.CharField, models.TextField, models.JSONField)
        fields = [field.name for field in self._meta.fields if field.editable and isinstance(field, texts)]
        validators.check_texts({name: getattr(self, name) for name in fields})

    def save(self, **kwargs: Any) -> None:
        if not self.github_host:
            self.github_host = urlsplit(settings.GITHUB_API_URL).netloc
        super().save(**kwargs)

    @property
    def owner(self) -> str:
        return self.github_repo.partition("/")[0]

    @property
    def web_url(self) -> str:
        return f"{settings.GITHUB_WEB_URL}/{self.github_repo}"

    @property
    def clone_url(self) -> str:
        return f"{self.web_url}.git"

    @property
    def mirror_path(self) -> Path:
        root: Path = settings.AUTOWRKERS_WORKSPACE_ROOT
        return root / self.working_dir if self.working_dir else root / "mirrors" / str(self.pk)

    def allows(self, user: Any, scope: str) -> bool:
        """Whether the user's role here includes `scope`."""
        return Project.objects.visible_to(user, scope).filter(pk=self.pk).exists()
