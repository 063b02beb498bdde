"""Sessions and issues as the API shows them. Nothing of them is written here: verbs change sessions."""

from __future__ import annotations

from rest_framework import serializers

from issues.models import IssueSession

SESSION_FIELDS = [
    "id",
    "public_id",
    "project",
    "session_id",
    "github_issue_number",
    "github_issue_title",
    "github_issue_body",
    "github_issue_labels",
    "status",
    "step",
    "reason",
    "attempts",
    "round",
    "branch_name",
    "base_sha",
    "head_sha",
    "pr_number",
    "pr_state",
    "last_error",
    "not_before",
    "created_at",
    "started_at",
    "completed_at",
]
ISSUE_FIELDS = [
    "issue_state",
    "issue_author",
    "issue_created_at",
    "issue_updated_at",
    "complexity_level",
    "complexity_score",
    "complexity_reasons",
]


class SessionSerializer(serializers.ModelSerializer[IssueSession]):
    """`session_id` is the current attempt, null before the first one."""

    session_id = serializers.IntegerField(read_only=True, allow_null=True)
    github_issue_labels = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = IssueSession
        fields = SESSION_FIELDS
        read_only_fields = SESSION_FIELDS


class IssueSerializer(SessionSerializer):
    """A synced issue: its session and what GitHub says about the issue."""

    complexity_reasons = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta(SessionSerializer.Meta):
        fields = [*SESSION_FIELDS, *ISSUE_FIELDS]
        read_only_fields = fields


class StartedSerializer(SessionSerializer):
    """`created` is false when the session was queued or running already."""

    created = serializers.BooleanField(read_only=True)

    class Meta(SessionSerializer.Meta):
        fields = [*SESSION_FIELDS, "created"]
        read_only_fields = fields
