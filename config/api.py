"""Every path of the API. Each is served without a trailing slash, as published, and with one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.urls import URLPattern, path
from drf_spectacular.views import SpectacularAPIView

from automation.alerts_api import AlertViewSet
from automation.api import AutomationViewSet
from automation.deliveries_api import DeliveryViewSet
from automation.log_api import LogViewSet
from config.form_requests import serves_browsers
from config.root import RootViewSet
from config.schema import DocsView
from issues.api import IssueViewSet, SessionViewSet
from issues.feed_api import AttemptViewSet, EventViewSet, FeedViewSet
from projects.api import AuditViewSet, ProjectViewSet
from projects.problems import not_found
from verification.api import ResultViewSet

app_name = "api"


def both(route: str, view: Callable[..., Any], name: str) -> list[URLPattern]:
    """The route as published and with a slash; `reverse` gives the published one."""
    view = serves_browsers(view)
    return [path(f"{route}/", view, name=name), path(route, view, name=name)]


ROOT = serves_browsers(RootViewSet.as_view({"get": "links"}))  # without a slash in config/urls.py
PROJECTS = ProjectViewSet.as_view({"get": "list", "post": "create"})
PROJECT = ProjectViewSet.as_view(
    {"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"}
)
SYNC = ProjectViewSet.as_view({"post": "sync"})
ISSUES = IssueViewSet.as_view({"get": "list"})
START = IssueViewSet.as_view({"post": "start"})
SESSIONS = SessionViewSet.as_view({"get": "list"})
SESSION = SessionViewSet.as_view({"get": "retrieve"})
RETRY = SessionViewSet.as_view({"post": "retry"})
SKIP = SessionViewSet.as_view({"post": "skip"})
STOP = SessionViewSet.as_view({"post": "stop"})
RESULTS = ResultViewSet.as_view({"get": "list"})
ATTEMPTS = AttemptViewSet.as_view({"get": "list"})
ATTEMPT = AttemptViewSet.as_view({"get": "retrieve"})
EVENTS = EventViewSet.as_view({"get": "list"})
LOG = LogViewSet.as_view({"get": "log"})
FEED = FeedViewSet.as_view({"get": "read"})
AUDIT = AuditViewSet.as_view({"get": "list"})
DELIVERIES = DeliveryViewSet.as_view({"get": "list"})
ALERTS = AlertViewSet.as_view({"get": "list"})
AUTOMATION_START = AutomationViewSet.as_view({"post": "start"})
AUTOMATION_STOP = AutomationViewSet.as_view({"post": "stop"})
AUTOMATION_STATUS = AutomationViewSet.as_view({"get": "status"})

urlpatterns = [
    path("", ROOT, name="root"),
    *both("projects", PROJECTS, "projects"),
    *both("projects/<int:pk>", PROJECT, "project"),
    *both("projects/<int:pk>/sync", SYNC, "sync"),
    *both("projects/<int:pk>/issues", ISSUES, "issues"),
    *both("projects/<int:pk>/issues/<int:num>/start", START, "start"),
    *both("projects/<int:pk>/automation/start", AUTOMATION_START, "automation-start"),
    *both("projects/<int:pk>/automation/stop", AUTOMATION_STOP, "automation-stop"),
    *both("projects/<int:pk>/automation/status", AUTOMATION_STATUS, "automation-status"),
    *both("issue-sessions", SESSIONS, "sessions"),
    *both("issue-sessions/<int:pk>", SESSION, "session"),
    *both("issue-sessions/<int:pk>/retry", RETRY, "retry"),
    *both("issue-sessions/<int:pk>/skip", SKIP, "skip"),
    *both("issue-sessions/<int:pk>/stop", STOP, "stop"),
    *both("issue-sessions/<int:pk>/verification-results", RESULTS, "results"),
    *both("issue-sessions/<int:pk>/attempts", ATTEMPTS, "attempts"),
    *both("issue-sessions/<int:pk>/attempts/<int:number>", ATTEMPT, "attempt"),
    *both("issue-sessions/<int:pk>/events", EVENTS, "events"),
    *both("issue-sessions/<int:pk>/log", LOG, "log"),
    *both("projects/<int:pk>/audit", AUDIT, "audit"),
    *both("events", FEED, "feed"),
    *both("webhook-deliveries", DELIVERIES, "deliveries"),
    *both("alerts", ALERTS, "alerts"),
    *both("schema", SpectacularAPIView.as_view(), "schema"),
    *both("docs", DocsView.as_view(url_name="api:schema"), "docs"),
    path("<path:rest>", not_found),
]
