"""A session's page: its head, and one tab at a time."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

from automation.pages.page import Route, render


def session(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    return render(request, "automation/page.html", title="session")


ROUTES: list[Route] = [
    ("session/<int:pk>/", session, "session"),
]
