"""The Attention page: everything that waits for a person, oldest first."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

from automation.pages.page import Route, render


def attention(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    return render(request, "automation/page.html", title="attention")


def count_waiting(user: Any) -> int:
    return 0


ROUTES: list[Route] = [
    ("attention/", attention, "attention"),
]
