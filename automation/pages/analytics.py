"""The Analytics page: how well the work goes, per project and week."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

from automation.pages.page import Route, render


def analytics(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    return render(request, "automation/page.html", title="analytics")


def analytics_csv(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    return render(request, "automation/page.html", title="analytics_csv")


ROUTES: list[Route] = [
    ("analytics/", analytics, "analytics"),
    ("analytics/weeks.csv", analytics_csv, "analytics-csv"),
]
