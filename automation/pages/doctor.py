"""The Doctor page: what is wrong with this installation, and what helps."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

from automation.pages.page import Route, render


def doctor(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    return render(request, "automation/page.html", title="doctor")


ROUTES: list[Route] = [
    ("doctor/", doctor, "doctor"),
]
