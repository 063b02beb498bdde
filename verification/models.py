"""What a check said about a commit. Rows are added, never overwritten."""

from __future__ import annotations

from django.db import models

from issues.models import Attempt, IssueSession


class VerificationResultQuerySet(models.QuerySet["VerificationResult"]):
    def newest_of_each(self) -> list[VerificationResult]:
        """The newest result of each check, in the order the checks first ran."""
        return list({(row.check_type, row.name): row for row in self.order_by("id")}.values())


class VerificationResult(models.Model):
    class CheckType(models.TextChoices):
        SETUP = "setup", "Setup"
        LINT = "lint", "Lint"
        TYPE_CHECK = "type_check", "Type check"
        TEST = "test", "Test"
        BUILD = "build", "Build"
        SMOKE = "smoke", "Smoke"
        CUSTOM = "custom", "Custom"
        GUARD = "guard", "Guard"

    issue_session = models.ForeignKey(IssueSession, models.CASCADE, related_name="verification_results")
    attempt = models.ForeignKey(Attempt, models.SET_NULL, null=True, related_name="verification_results")
    head_sha = models.CharField(max_length=64)
    check_type = models.CharField(max_length=16, choices=CheckType.choices)
    name = models.CharField(max_length=100, blank=True)
    command = models.TextField(blank=True)
    passed = models.BooleanField(null=True, help_text="Empty: not checked.")
    output = models.TextField(blank=True)
    exit_status = models.IntegerField(null=True, blank=True)
    fault = models.CharField(
        max_length=64, blank=True, help_text="Why the failure is the environment's and not the commit's."
    )
    duration_ms = models.PositiveIntegerField(default=0)
    baseline = models.CharField(
        max_length=16, blank=True, help_text="The same check's verdict on the base commit."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = VerificationResultQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["issue_session", "-id"], name="result_by_session"),
            models.Index(fields=["-created_at", "-id"], name="result_by_date"),
            models.Index(fields=["check_type", "-created_at", "-id"], name="result_by_type"),
            models.Index(fields=["passed", "-created_at", "-id"], name="result_by_verdict"),
        ]

    def __str__(self) -> str:
        verdict = {True: "passed", False: "failed", None: "not checked"}[self.passed]
        return f"{self.name or self.check_type} {verdict}"
