"""Verification results as the API shows them."""

from __future__ import annotations

from rest_framework import serializers

from verification.models import VerificationResult


class VerificationResultSerializer(serializers.ModelSerializer[VerificationResult]):
    """`passed` is null for what was not checked.

    `baseline`: for a failed check how it ended on the base commit, `passed` or `failed`; empty where that says nothing.
    """

    class Meta:
        model = VerificationResult
        fields = [
            "id",
            "issue_session",
            "attempt",
            "head_sha",
            "check_type",
            "name",
            "command",
            "passed",
            "output",
            "exit_status",
            "fault",
            "baseline",
            "duration_ms",
            "created_at",
        ]
        read_only_fields = fields
