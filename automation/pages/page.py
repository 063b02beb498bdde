"""What all pages share: rendering inside the site's frame, and finding a row that the person may see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse

from issues.models import IssueSession
from projects.models import Project

Route = tuple[str, Callable[..., HttpResponseBase], str]


def render(
    request: HttpRequest, template: str, *, title: str, status: int = 200, **context: Any
) -> TemplateResponse:
    """A page inside the site's frame: navigation, messages, the person's tools."""
    frame = admin.site.each_context(request) | {"title": title, "is_nav_sidebar_enabled": False}
    return TemplateResponse(request, template, frame | context, status=status)


def visible_project(request: HttpRequest, pk: int) -> Project:
    """Raises Http404 for a project that is archived, foreign or unknown alike."""
    rows = Project.objects.visible_to(request.user).select_related("credential")
    return get_object_or_404(rows, pk=pk)


def visible_session(request: HttpRequest, pk: int) -> IssueSession:
    """Raises Http404 for a session that the person may not see."""
    rows = IssueSession.objects.visible_to(request.user).select_related("project", "session")
    return get_object_or_404(rows, pk=pk)
