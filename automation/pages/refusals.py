"""What a person sees when a page refuses: a sentence in the site's frame, never Django's bare error page."""

from __future__ import annotations

from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.views import defaults

from automation.pages.page import render
from issues.sanitize import clean_line
from projects.models import Project
from projects.models.access import Role, roles_with

LONGEST = 500


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Only a BadRequest of our own pages is meant to be read."""
    if not isinstance(exception, BadRequest) or not _is_inside(request):
        return defaults.bad_request(request, exception)
    return _page(request, exception, title="This request cannot be answered", status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    if not str(exception) or not _is_inside(request):
        return defaults.permission_denied(request, exception)
    return _page(request, exception, title="Not allowed", status=403)


def require(request: HttpRequest, project: Project, scope: str) -> None:
    """Raises PermissionDenied, saying which role is needed."""
    if project.allows(request.user, scope):
        return
    needed = " or ".join(str(Role(role).label) for role in roles_with(scope))
    raise PermissionDenied(
        f"Your role on {project} does not allow this: {needed} is needed. Ask a manager of the project."
    )


def _is_inside(request: HttpRequest) -> bool:
    user = getattr(request, "user", None)
    return request.path.startswith("/admin/") and bool(getattr(user, "is_staff", False))


def _page(request: HttpRequest, exception: Exception, *, title: str, status: int) -> HttpResponse:
    sentence = clean_line(str(exception), limit=LONGEST)
    page = render(request, "automation/refused.html", title=title, status=status, sentence=sentence)
    return page.render()
