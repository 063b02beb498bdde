"""Linking a repository: a form, then checks that turn green one by one."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

from automation.pages.page import Route, render


def link_repository(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    return render(request, "automation/page.html", title="link_repository")


def link_checks(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    return render(request, "automation/page.html", title="link_checks")


def run_check(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    return render(request, "automation/page.html", title="run_check")


ROUTES: list[Route] = [
    ("link/", link_repository, "link-repository"),
    ("project/<int:pk>/checks/", link_checks, "link-checks"),
    ("project/<int:pk>/checks/<str:check>/", run_check, "link-check"),
]
