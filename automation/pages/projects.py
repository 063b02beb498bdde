"""The Projects page: every project of the person as a card, and what needs a person first."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.template.response import TemplateResponse

from automation.pages.page import render


def projects(request: HttpRequest, **kwargs: Any) -> TemplateResponse:
    return render(request, "automation/page.html", title="projects")
