"""A session's page: its head, and one tab at a time. Each tab reads only what it shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from automation.pages import session_attempts, session_overview, session_timeline, session_verification
from automation.pages.diff import diff_context
from automation.pages.log import log_context
from automation.pages.page import Route, render, visible_session
from automation.pages.session_head import head, title_of
from issues.models import IssueSession


@dataclass(frozen=True)
class Tab:
    label: str
    template: str
    context: Callable[[HttpRequest, IssueSession], dict[str, Any]]


TABS: dict[str, Tab] = {
    "overview": Tab("Overview", "automation/session_overview.html", session_overview.context),
    "attempts": Tab("Attempts", "automation/session_attempts.html", session_attempts.context),
    "verification": Tab("Verification", "automation/session_verification.html", session_verification.context),
    "log": Tab("Log", "automation/session_log_tab.html", log_context),
    "diff": Tab("Diff", "automation/session_diff.html", diff_context),
    "timeline": Tab("Timeline", "automation/session_timeline.html", session_timeline.context),
}


@require_safe
def session(request: HttpRequest, pk: int) -> HttpResponse:
    row = visible_session(request, pk)
    name = request.GET.get("tab") or "overview"
    tab = TABS.get(name)
    if tab is None:
        raise BadRequest(f"A session has no tab {name[:60]!r}. It has: {', '.join(TABS)}.")
    context = head(request, row) | tab.context(request, row)
    return render(
        request,
        tab.template,
        title=title_of(row),
        tabs=[(key, each.label) for key, each in TABS.items()],
        tab=name,
        **context,
    )


ROUTES: list[Route] = [
    ("session/<int:pk>/", session, "session"),
]
