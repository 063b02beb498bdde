"""The log of an attempt, as it grows."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

from automation.pages.page import Route, render


def log_events(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    return render(request, "automation/page.html", title="log_events")


def raw_log(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    return render(request, "automation/page.html", title="raw_log")


ROUTES: list[Route] = [
    ("attempt/<int:pk>/events/", log_events, "log-events"),
    ("attempt/<int:pk>/log.txt", raw_log, "log-raw"),
]
