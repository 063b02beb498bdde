"""The admin of the effects journal, deliveries, notifications, hosts and alerts: read only."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.contrib import admin

from automation.models import Alert, Effect, Host, Notification, NotificationRoute, WebhookDelivery
from issues.admin import OfSessionAdmin
from projects.admin_scope import JournalAdmin
from projects.changelist import DateFilter, ProjectFilter
from projects.columns import worded
from projects.github_admin import InstallationAdmin


@admin.register(Effect)
class EffectAdmin(OfSessionAdmin):
    empty_text = "Each push, pull request and comment of a session is noted here."
    list_display = ["of_session", "round", "kind", "ordinal", "created_at", "done_at"]
    list_filter = [ProjectFilter, DateFilter, "kind"]
    list_defer = (*OfSessionAdmin.list_defer, "intent", "outcome")
    links = ("issue_session__id__exact", "done_at__gte")


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(JournalAdmin):
    empty_text = "Deliveries come once the repository's webhook points to this server."
    words = {"event": worded, "action": worded}
    list_display = ["received_at", "event", "delivery_id", "project", "state", "processed_at"]
    list_filter = [ProjectFilter, DateFilter]
    list_select_related = ["project"]
    list_defer = ("payload",)
    date_column = "received_at"
    ordering = ["-received_at", "-id"]
    sortable_by = ["received_at"]
    search_fields = ["delivery_id__exact"]
    search_help_text = "The whole delivery id, as GitHub shows it."
    shows_all_to_superusers = True


@admin.register(NotificationRoute)
class NotificationRouteAdmin(JournalAdmin):
    """A target may hold a secret in its path, so only its host is shown."""

    empty_text = "A route says who is told of what."
    list_display = ["channel", "project", "where", "paused"]
    list_filter = [ProjectFilter, "channel", "paused"]
    list_select_related = ["project"]
    fieldsets = [(None, {"fields": ["channel", "project", "where", "events", "paused"]})]
    shows_all_to_superusers = True

    @admin.display(description="target")
    def where(self, route: NotificationRoute) -> str:
        if route.channel == NotificationRoute.Channel.EMAIL:
            return route.target
        return urlsplit(route.target).hostname or "-"


@admin.register(Notification)
class NotificationAdmin(OfSessionAdmin):
    project_path = "route__project"
    empty_text = "Notifications are sent along the routes of a project."
    words = {"event": worded}
    list_display = ["created_at", "event", "route", "of_session", "sent_at", "error"]
    list_filter = [ProjectFilter, DateFilter]
    list_select_related = ["route__project", "issue_session"]
    list_defer = (*OfSessionAdmin.list_defer, "body")
    shows_all_to_superusers = True


@admin.register(Alert)
class AlertAdmin(JournalAdmin):
    empty_text = "An alert is raised when something needs a person, and ended when it is gone."
    list_display = ["first_at", "kind", "subject", "project", "message", "ended_at"]
    list_filter = [ProjectFilter, "kind"]
    list_select_related = ["project"]
    shows_all_to_superusers = True


@admin.register(Host)
class HostAdmin(InstallationAdmin):
    empty_text = "Each machine that runs a part of the product tells of itself."
    list_display = ["name", "slots", "version", "sessions_seen_at", "queue_seen_at", "clock_seen_at"]
