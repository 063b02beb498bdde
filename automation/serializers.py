"""Automation as the API shows and takes it, and what it was told and found: deliveries and alerts."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from automation.models import Alert, WebhookDelivery
from projects.strict import StrictFields


class StopSerializer(StrictFields):
    stop_running = serializers.BooleanField(
        default=False,
        help_text="Also stop the sessions that run now and empty the queue; otherwise they finish.",
    )


class AutomationStatusSerializer(serializers.Serializer):  # type: ignore[type-arg]
    running = serializers.BooleanField(read_only=True)
    auto_sync = serializers.BooleanField(read_only=True)
    auto_start = serializers.BooleanField(read_only=True)
    running_sessions = serializers.IntegerField(read_only=True)
    pending = serializers.IntegerField(read_only=True)
    slots_free = serializers.IntegerField(read_only=True)
    last_tick = serializers.DateTimeField(read_only=True, allow_null=True)
    next_sync = serializers.DateTimeField(read_only=True, allow_null=True)
    blocked_reason = serializers.CharField(read_only=True, allow_null=True)


class AboutSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """What a delivery names. Nothing else of it is kept."""

    repository = serializers.CharField(allow_null=True)
    issue = serializers.IntegerField(allow_null=True)
    pull_requests = serializers.ListField(child=serializers.IntegerField())
    branches = serializers.ListField(child=serializers.CharField())
    commits = serializers.ListField(child=serializers.CharField())


class DeliverySerializer(serializers.ModelSerializer[WebhookDelivery]):
    """`status`: `received` waits, `ignored` asks for nothing, `failed` is tried again; `reason` says why."""

    status = serializers.ChoiceField(source="state", choices=WebhookDelivery.State.choices, read_only=True)
    about = serializers.SerializerMethodField()

    class Meta:
        model = WebhookDelivery
        fields = [
            *("id", "delivery_id", "event", "action", "project", "status", "reason", "attempts"),
            *("received_at", "processed_at", "about"),
        ]
        read_only_fields = fields

    @extend_schema_field(AboutSerializer)
    def get_about(self, delivery: WebhookDelivery) -> dict[str, Any]:
        facts = delivery.payload
        return {
            "repository": facts.get("repository"),
            "issue": facts.get("issue"),
            "pull_requests": facts.get("pulls", []),
            "branches": facts.get("branches", []),
            "commits": facts.get("shas", []),
        }


class AlertSerializer(serializers.ModelSerializer[Alert]):
    """`last_at` is when it was last seen to last; `ended_at` is null while it does."""

    class Meta:
        model = Alert
        fields = ["id", "kind", "subject", "project", "message", "remedy", "first_at", "last_at", "ended_at"]
        read_only_fields = fields
