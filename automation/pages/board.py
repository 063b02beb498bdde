"""A project's board: its sessions as cards, filtered by the URL."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

from automation.pages.page import Route, render


def board(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    return render(request, "automation/page.html", title="board")


ROUTES: list[Route] = [
    ("project/<int:pk>/", board, "board"),
]
