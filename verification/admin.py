"""The admin of verification results: read only."""

from __future__ import annotations

from django.contrib import admin

from projects.admin_scope import JournalAdmin, ProjectFilter
from verification.models import VerificationResult


@admin.register(VerificationResult)
class VerificationResultAdmin(JournalAdmin):
    project_path = "issue_session__project"
    list_display = [
        "created_at",
        "issue_session",
        "check_type",
        "name",
        "passed",
        "exit_status",
        "fault",
        "duration_ms",
    ]
    list_filter = [ProjectFilter, "check_type", "passed"]
    list_select_related = ["issue_session"]
    search_fields = ["name", "head_sha"]
    links = ("issue_session__id__exact", "created_at__gte")
