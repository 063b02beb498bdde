"""The diff of a session's branch."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

from automation.pages.page import Route, render


def raw_diff(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    return render(request, "automation/page.html", title="raw_diff")


ROUTES: list[Route] = [
    ("session/<int:pk>/branch.diff", raw_diff, "diff-raw"),
]
