"""The admin of verification results: read only."""

from __future__ import annotations

from django.contrib import admin

from issues.admin import OfSessionAdmin
from projects.amounts import exact_span
from projects.changelist import DateFilter, ProjectFilter
from projects.columns import worded
from verification.models import VerificationResult


@admin.register(VerificationResult)
class VerificationResultAdmin(OfSessionAdmin):
    list_display = [
        "created_at",
        "of_session",
        "check_type",
        "name",
        "passed",
        "exit_status",
        "fault",
        "duration_ms",
    ]
    words = {"fault": worded, "baseline": worded, "duration_ms": exact_span}
    empty_text = "Each check of a session's work leaves a result here."
    list_filter = [ProjectFilter, DateFilter, "check_type", "passed"]
    list_defer = (*OfSessionAdmin.list_defer, "output", "command")
    links = ("issue_session__id__exact", "created_at__gte")
