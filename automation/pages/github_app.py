"""The page on which a superuser makes a GitHub App for this installation, and where GitHub sends them back.

https://docs.github.com/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
"""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_safe

from automation.pages.outside import answered, ask, login_answer_url, may_lead_to_github, our_url
from automation.pages.page import Route, render
from automation.pages.query import Query
from automation.webhooks import setup
from projects import app_making
from projects.access import actor_name
from projects.changelist import is_number
from projects.errors import AutowrkersError
from projects.github.app import PERMISSIONS
from projects.models import GitHubApp
from projects.validators import is_repo

PURPOSE = "app"


@require_safe
def github_app(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    _require_superuser(request)
    query = Query(request, "organization")
    organization = query.values.get("organization", "").strip()
    is_good = not organization or is_repo(f"{organization}/any")
    query.refuse_unless(is_good, "organization", "Write an organization's name as it is on GitHub.")
    manifest = app_making.manifest(
        made_url=our_url("github-app-made"),
        installed_url=our_url("github-app-installed"),
        login_url=login_answer_url(),
        hook_url="" if setup.why_unreachable() else setup.address(),
        events=setup.EVENTS,
    )
    apps = GitHubApp.objects.filter(api_url=settings.GITHUB_API_URL).order_by("-pk")
    page = render(
        request,
        "automation/github_app.html",
        title="GitHub App",
        apps=apps.annotate(project_count=Count("installations__projects")),
        organization=organization,
        place=f"organizations/{organization}/settings" if organization else "settings",
        web_url=settings.GITHUB_WEB_URL,
        manifest=json.dumps(manifest),
        name=manifest["name"],
        events=manifest["default_events"],
        unreachable=setup.why_unreachable(),
        permissions=sorted(PERMISSIONS.items()),
        state=ask(request, PURPOSE),
    )
    return may_lead_to_github(page)


@require_GET
def made(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    """GitHub's answer: a code that is good once. Without the state that this browser was given, nothing is done."""
    _require_superuser(request)
    code = Query(request, "code", "state").values.get("code", "")
    if answered(request, PURPOSE) is None or not code:
        raise BadRequest(
            "This answer of GitHub was not asked for from this browser, or was used already: nothing was stored. "
            "Begin again on the page of the GitHub App."
        )
    try:
        app = app_making.make(code, actor=actor_name(request.user))
    except AutowrkersError as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request, f"{app} is stored. Install it on the repositories that are to be worked on."
        )
    return redirect("admin:github-app")


@require_GET
def installed(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    """GitHub says where the App was installed. Nothing is taken from that: linking asks GitHub itself."""
    query = Query(request, "installation_id", "setup_action", "state", "code")
    query.choice("setup_action", ("install", "update", "request"))
    number = query.values.get("installation_id", "")
    query.refuse_unless(not number or is_number(number), "installation_id", "Write a whole number.")
    messages.success(request, "The GitHub App is installed. Link a repository by it.")
    may_add = request.user.has_perm("projects.add_project")
    return redirect(reverse("admin:link-repository" if may_add else "admin:index"))


def _require_superuser(request: HttpRequest) -> None:
    if not getattr(request.user, "is_superuser", False):
        raise PermissionDenied("Only a superuser makes a GitHub App for this installation.")


ROUTES: list[Route] = [
    ("github-app/", github_app, "github-app"),
    ("github-app/made/", made, "github-app-made"),
    ("github-app/installed/", installed, "github-app-installed"),
]
