"""The dry run: what would start now, with which prompt, and why not the others."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

from automation.pages.page import Route, render


def dry_run(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    return render(request, "automation/page.html", title="dry_run")


ROUTES: list[Route] = [
    ("project/<int:pk>/dry-run/", dry_run, "dry-run"),
]
