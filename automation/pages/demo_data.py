"""Removing demo data: a page that names the demo projects of which one is a manager, asks, and archives them."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect

from automation.pages.page import Route, render
from automation.pages.query import Query
from automation.pages.strictness import refuse
from projects.access import actor_name
from projects.archive import archive
from projects.models import Project, Scope
from projects.models.project import ProjectQuerySet


def demo_projects(request: HttpRequest) -> ProjectQuerySet:
    """Those with the badge *demo* that the person may archive."""
    mine = Project.objects.visible_to(request.user, Scope.ADMIN)
    return mine.filter(agent=Project.Agent.SCRIPTED).order_by("name", "pk")


def remove_demo(request: HttpRequest, **kwargs: object) -> HttpResponse:
    """GET asks, POST archives."""
    if request.method not in ("GET", "HEAD", "POST"):
        return HttpResponseNotAllowed(["GET", "POST"])
    Query(request)
    is_manager = Project.objects.visible_to(request.user, Scope.ADMIN).exists()
    if not is_manager and not getattr(request.user, "is_superuser", False):
        raise PermissionDenied("Removing demo data needs the role Manager in its project.")
    found = list(demo_projects(request))
    if request.method == "POST":
        refuse("field", request.POST, {"csrfmiddlewaretoken"})
        for project in found:
            archive(project, actor=actor_name(request.user))
        named = ", ".join(project.name for project in found)
        messages.success(
            request, f"Archived: {named}." if found else "No demo project is left, so nothing was removed."
        )
        return redirect("admin:index")
    return render(request, "automation/remove_demo.html", title="Remove demo data?", projects=found)


ROUTES: list[Route] = [
    ("demo/remove/", remove_demo, "remove-demo"),
]
