"""A secret that reaches a remote service, its rate state and its last error. Never readable again from outside."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from datetime import datetime, timedelta
from typing import Any

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.db import models

from projects import redaction
from projects.errors import OperatorError
from projects.fields import SecretField
from projects.models.leased import Leased
from projects.models.metered import Metered

DEFAULT_VARIABLE = "GITHUB_TOKEN"  # of projects without a credential of their own
SOON = timedelta(days=14)  # how long before its end a token is warned of


def fingerprint(secret: str, *, key: str | None = None) -> str:
    """HMAC-SHA256 of the secret under the newest field key (or `key`), as hex: finds equal secrets unread."""
    newest = str(settings.FERNET_KEYS[0])
    return hmac.new((key or newest).encode(), secret.encode(), hashlib.sha256).hexdigest()


class CredentialQuerySet(models.QuerySet["Credential"]):
    def for_secret(self, *, kind: str, api_url: str, secret: str) -> Credential:
        """Find or create the one credential for this secret, so that equal tokens share one rate state."""
        known = [fingerprint(secret, key=str(key)) for key in settings.FERNET_KEYS]
        found = self.filter(kind=kind, api_url=api_url, fingerprint__in=known).defer("secret").first()
        if found is not None:
            return found
        return self.get_or_create(
            kind=kind, api_url=api_url, fingerprint=known[0], defaults={"secret": secret}
        )[0]

    def for_owner(self, *, kind: str, api_url: str, owner: str, **values: Any) -> Credential:
        """The credential of an App, installation or account; `owner` is like `app:7`. Stores the given values."""
        return self.update_or_create(kind=kind, api_url=api_url, fingerprint=owner, defaults=values)[0]

    def for_variable(self, *, kind: str, api_url: str, variable: str) -> Credential:
        """The credential that is read from an environment variable whenever it is used."""
        return self.get_or_create(
            kind=kind, api_url=api_url, fingerprint=f"env:{variable}", defaults={"variable": variable}
        )[0]

    def default(self) -> CredentialQuerySet:
        """The one that GITHUB_TOKEN names; there is none before its first use."""
        named = f"env:{DEFAULT_VARIABLE}"
        return self.filter(kind=Credential.Kind.TOKEN, api_url=settings.GITHUB_API_URL, fingerprint=named)

    def ending_before(self, moment: datetime) -> CredentialQuerySet:
        """Those that stop working by then unless a person acts; see `ends_at`."""
        tokens = models.Q(kind=Credential.Kind.TOKEN, expires_at__lt=moment)
        return self.filter(tokens | models.Q(kind=Credential.Kind.OAUTH, refresh_expires_at__lt=moment))


class CredentialManager(models.Manager["Credential"]):
    """Leaves the secret in the database until somebody asks this one row for it."""

    def get_queryset(self) -> CredentialQuerySet:
        return CredentialQuerySet(self.model, using=self._db).defer("secret")


class Credential(Leased, Metered):
    """Its lease is held by whoever exchanges its refresh token.

    `fingerprint` names the secret, or with a colon in it what the secret belongs to: an App, an account.
    """

    class Kind(models.TextChoices):
        TOKEN = "token", "GitHub token"
        WEBHOOK = "webhook", "webhook secret"
        APP = "app", "GitHub App"
        INSTALLATION = "installation", "GitHub App installation"
        OAUTH = "oauth", "GitHub account"

    kind = models.CharField(max_length=16, choices=Kind.choices)
    api_url = models.URLField()
    fingerprint = models.CharField(max_length=128, editable=False)
    secret = SecretField(blank=True, default="", editable=False)
    variable = models.CharField(
        max_length=100, blank=True, help_text="Name of the environment variable that holds it."
    )
    login = models.CharField(max_length=100, blank=True)
    app = models.ForeignKey("projects.GitHubApp", models.PROTECT, null=True, related_name="installations")
    installation_id = models.PositiveBigIntegerField(null=True, blank=True)
    scopes = models.JSONField(null=True, blank=True, help_text="null: GitHub did not tell.")
    expires_at = models.DateTimeField(null=True, blank=True)
    refresh_expires_at = models.DateTimeField(null=True, blank=True)
    error_code = models.CharField(max_length=64, blank=True)
    error_message = models.TextField(blank=True)
    error_since = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = CredentialManager.from_queryset(CredentialQuerySet)()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "api_url", "fingerprint"], name="one_credential_per_secret"
            ),
        ]

    def __str__(self) -> str:
        return self.variable or f"{self.get_kind_display()} {self.login or self.fingerprint[:8]}"

    @property
    def ends_at(self) -> datetime | None:
        """When it stops working unless a person acts; None: GitHub told no end, or it is renewed without end."""
        if self.kind == self.Kind.OAUTH:
            return self.refresh_expires_at or self.expires_at
        return self.expires_at if self.kind == self.Kind.TOKEN else None

    def ends_soon(self, now: datetime) -> bool:
        return self.ends_at is not None and self.ends_at - now < SOON

    def parts(self) -> dict[str, str]:
        """The secrets of an App or an account by name; each is masked from now on. Raises as `reveal` does."""
        found = {str(name): str(value) for name, value in json.loads(self.reveal()).items()}
        for value in found.values():
            redaction.register(value)
        return found

    def webhook_secret(self) -> str:
        """What signs deliveries: of an App its own, empty where it has no webhook. Raises as `reveal` does."""
        return self.parts().get("webhook_secret", "") if self.kind == self.Kind.APP else self.reveal()

    def reveal(self) -> str:
        """The secret itself. Raises OperatorError when it is missing or no key of ours can read it."""
        if self.variable:
            value = os.environ.get(self.variable, "")
            if not value:
                raise OperatorError(
                    "credential.missing",
                    f"The environment variable {self.variable} is empty.",
                    "Set it for the web and worker processes, or store a token with the project.",
                )
            redaction.register(value)
            return value
        try:
            secret = str(self.secret)
        except InvalidToken as error:
            raise OperatorError(
                "credential.unreadable",
                "The stored secret cannot be decrypted with the present FERNET_KEYS.",
                "Put the former key back behind the new one in FERNET_KEYS, or store the token again.",
            ) from error
        if not secret:
            raise OperatorError(
                "credential.missing", "The stored secret is empty.", "Store the token with the project again."
            )
        redaction.register(secret)
        return secret
