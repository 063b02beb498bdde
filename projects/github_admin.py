"""The admin of what ties the product to GitHub: Apps made for it, and whose account is whose. For superusers."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from projects.admin_scope import JournalAdmin, is_superuser


class InstallationAdmin(JournalAdmin):
    """Rows of the whole installation, which belong to no project."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = self.model._default_manager.all()
        return rows if is_superuser(request) else rows.none()

    def has_module_permission(self, request: HttpRequest) -> bool:
        return is_superuser(request)


class GitHubAppAdmin(InstallationAdmin):
    ordering = ("name", "id")
    list_display = ["name", "app_id", "html_url", "created_at"]
    empty_text = "A superuser makes the App on the page GitHub App."
    hidden = ("credential",)


class GitHubIdentityAdmin(InstallationAdmin):
    ordering = ("login", "id")
    list_display = ["login", "github_host", "user", "created_at"]
    empty_text = "People connect their account on their page of GitHub."
    list_select_related = ["user"]
    hidden = ("credential",)
    search_fields = ["login__exact"]
    search_help_text = "The whole name of the account on GitHub."
