"""What ties the product to GitHub beyond single tokens: Apps of ours, and which account is whose."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from projects.errors import OperatorError


class GitHubApp(models.Model):
    """An App that was made for this installation. Its private key and client secret are in its credential."""

    api_url = models.URLField()
    app_id = models.PositiveBigIntegerField("App ID")
    slug = models.CharField(max_length=100)
    name = models.CharField(max_length=100)
    client_id = models.CharField("client ID", max_length=100)
    html_url = models.URLField("page on GitHub")
    credential = models.OneToOneField("projects.Credential", models.PROTECT, related_name="made_app")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "GitHub App"
        constraints = [models.UniqueConstraint(fields=["api_url", "app_id"], name="one_row_per_app")]

    def __str__(self) -> str:
        return self.name

    @property
    def has_webhook(self) -> bool:
        """Whether its deliveries can be told from others': GitHub gave it a secret to sign them with."""
        try:
            return bool(self.credential.webhook_secret())
        except OperatorError:
            return False

    @property
    def login(self) -> str:
        """Whom GitHub names as the author of what the App writes."""
        return f"{self.slug}[bot]"

    @property
    def install_url(self) -> str:
        return f"{self.html_url}/installations/new"


class GitHubIdentity(models.Model):
    """A person's account on GitHub, known by GitHub's number: names and addresses change hands."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="github_identities")
    github_host = models.CharField(max_length=255)
    github_id = models.PositiveBigIntegerField("GitHub's user ID")
    login = models.CharField(max_length=100)
    credential = models.ForeignKey(
        "projects.Credential", models.SET_NULL, null=True, blank=True, related_name="identities"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "GitHub account"
        constraints = [
            models.UniqueConstraint(fields=["github_host", "github_id"], name="one_user_per_github_account"),
            models.UniqueConstraint(fields=["user", "github_host"], name="one_github_account_per_user"),
        ]

    def __str__(self) -> str:
        return f"{self.login} on {self.github_host}"
