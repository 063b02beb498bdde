"""The dry run: what would start now, with which prompt, and why not the others."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from automation import dry_run as rehearsal
from automation.dispatch import free_places
from automation.dry_run import Preview
from automation.pages.page import Route, render, visible_project
from automation.pages.query import Query
from issues.models import IssueSession
from issues.states import Status
from projects.errors import AutowrkersError
from projects.models import Project, Scope
from projects.redaction import redact

PAGE_SIZE = 50


@require_http_methods(["GET", "HEAD"])
def dry_run(request: HttpRequest, *, pk: int, **kwargs: Any) -> HttpResponse:
    query, project, now = Query(request, "page", "session"), visible_project(request, pk), timezone.now()
    starting = rehearsal.starting(project, now)
    shown = _chosen(query, project) or next(iter(starting), None)
    others = (
        project.sessions.exclude(status=Status.COMPLETED)
        .exclude(pk__in=[session.pk for session in starting])
        .defer("github_issue_body")
        .order_by("-github_issue_number")
    )
    page = Paginator(others, PAGE_SIZE).get_page(query.number("page", default=1))
    preview, trouble = _preview(shown)
    return render(
        request,
        "automation/dry_run.html",
        title=f"Dry run of {project.name}",
        project=project,
        starting=starting,
        places=free_places(project),
        preview=preview,
        preview_trouble=trouble,
        prompt=redact(preview.prompt) if preview else "",
        page=page,
        others=list(rehearsal.why_not(project, page, now, starts=len(starting))),
        cost=rehearsal.usual_cost(project, now),
        may_operate=project.allows(request.user, Scope.OPERATE),
    )


def _chosen(query: Query, project: Project) -> IssueSession | None:
    if not query.values.get("session"):
        return None
    session = project.sessions.filter(pk=query.number("session", default=1)).first()
    if session is None:
        raise Http404("This project has no such session.")
    session.project = project
    return session


def _preview(session: IssueSession | None) -> tuple[Preview | None, str]:
    """The preview, or why there is none."""
    if session is None:
        return None, ""
    try:
        return rehearsal.preview(session), ""
    except AutowrkersError as error:
        return None, str(error)


ROUTES: list[Route] = [
    ("project/<int:pk>/dry-run/", dry_run, "dry-run"),
]
