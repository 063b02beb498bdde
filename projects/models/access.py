"""Who may see and do what: roles of people on projects, and hashed tokens for programs."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils import timezone


class Role(models.TextChoices):
    VIEWER = "viewer", "Viewer"
    OPERATOR = "operator", "Operator"
    MANAGER = "manager", "Manager"


class Scope(models.TextChoices):
    READ = "read", "read"
    OPERATE = "operate", "operate"
    ADMIN = "admin", "admin"


ROLE_SCOPES: dict[str, tuple[str, ...]] = {
    Role.VIEWER: (Scope.READ,),
    Role.OPERATOR: (Scope.READ, Scope.OPERATE),
    Role.MANAGER: (Scope.READ, Scope.OPERATE, Scope.ADMIN),
}


def roles_with(scope: str) -> list[str]:
    """The roles that include `scope`."""
    return [role for role, scopes in ROLE_SCOPES.items() if scope in scopes]


class Membership(models.Model):
    project = models.ForeignKey("projects.Project", models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role.choices, default=Role.VIEWER)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "user"], name="one_role_per_user_and_project")
        ]

    def __str__(self) -> str:
        return f"{self.user} is {self.get_role_display().lower()} of {self.project}"


class ApiToken(models.Model):
    """A bearer token `aw_…`, stored only as a SHA-256 hash. It never allows more than its user's roles do.

    A limited token reaches the listed projects alone; with an empty list, none.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100, blank=True)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    scope = models.CharField(max_length=16, choices=Scope.choices, default=Scope.READ)
    is_limited = models.BooleanField("limited to projects", default=False)
    projects = models.ManyToManyField("projects.Project", blank=True, related_name="api_tokens")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "API token"

    def __str__(self) -> str:
        return f"{self.name or 'token'} of {self.user} ({self.scope})"

    @staticmethod
    def digest(plain: str) -> str:
        return hashlib.sha256(plain.encode()).hexdigest()

    @staticmethod
    def generate() -> str:
        return f"aw_{secrets.token_urlsafe(32)}"

    def is_valid(self, now: datetime | None = None) -> bool:
        return self.revoked_at is None and (
            self.expires_at is None or self.expires_at > (now or timezone.now())
        )

    def allows(self, scope: str) -> bool:
        order = list(Scope.values)
        return order.index(scope) <= order.index(self.scope)
