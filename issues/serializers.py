"""Sessions and issues as the API shows them. Nothing of them is written here: verbs change sessions."""

from __future__ import annotations

from rest_framework import serializers

from issues.models import Attempt, IssueSession, SessionEvent

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
    "issue_author_association",
    "issue_created_at",
    "issue_updated_at",
    "complexity_level",
    "complexity_score",
    "complexity_reasons",
]
ATTEMPT_FIELDS = [
    "id",
    "issue_session",
    "number",
    "round",
    "kind",
    "counted",
    "agent",
    "agent_version",
    "base_sha",
    "head_sha",
    "outcome",
    "message",
    "summary",
    "turns",
    "input_tokens",
    "output_tokens",
    "cost_usd",
    "started_at",
    "retry_at",
    "ended_at",
]
EVENT_FIELDS = [
    "id",
    "project",
    "issue_session",
    "public_id",
    "github_issue_number",
    "created_at",
    "actor",
    "verb",
    "old_status",
    "new_status",
    "step",
    "reason",
    "message",
    "evidence",
]


class SessionSerializer(serializers.ModelSerializer[IssueSession]):
    """`session_id` is the current attempt, null before the first one."""

    session_id = serializers.IntegerField(read_only=True, allow_null=True)
    github_issue_labels = serializers.ListField(child=serializers.CharField(), read_only=True)
    pr_state = serializers.ChoiceField(
        choices=[("", "None"), *IssueSession.PrState.choices], read_only=True, help_text="Empty: none yet."
    )

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


class AttemptSerializer(serializers.ModelSerializer[Attempt]):
    """`outcome` is empty while the agent runs."""

    class Meta:
        model = Attempt
        fields = ATTEMPT_FIELDS
        read_only_fields = ATTEMPT_FIELDS


class AttemptDetailSerializer(AttemptSerializer):
    class Meta(AttemptSerializer.Meta):
        fields = [*ATTEMPT_FIELDS, "prompt"]
        read_only_fields = fields


class EventSerializer(serializers.ModelSerializer[SessionEvent]):
    project = serializers.IntegerField(source="issue_session.project_id", read_only=True)
    public_id = serializers.CharField(source="issue_session.public_id", read_only=True)
    github_issue_number = serializers.IntegerField(source="issue_session.github_issue_number", read_only=True)
    evidence = serializers.JSONField(read_only=True)

    class Meta:
        model = SessionEvent
        fields = EVENT_FIELDS
        read_only_fields = EVENT_FIELDS


class FeedSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A page of the feed; `next_cursor` goes on behind it, also where it is empty."""

    results = EventSerializer(many=True, read_only=True)
    next_cursor = serializers.CharField(read_only=True)
    has_more = serializers.BooleanField(read_only=True)
