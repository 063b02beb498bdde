"""Automation as the API shows and takes it."""

from __future__ import annotations

from rest_framework import serializers

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
