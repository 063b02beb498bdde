"""What buttons do: POST-only views that ask a verb of a session or a project."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

from automation.pages.page import Route, render


def ask_session(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    return render(request, "automation/page.html", title="ask_session")


def ask_project(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    return render(request, "automation/page.html", title="ask_project")


ROUTES: list[Route] = [
    ("session/<int:pk>/<str:verb>/", ask_session, "session-verb"),
    ("project/<int:pk>/<str:verb>/", ask_project, "project-verb"),
]
