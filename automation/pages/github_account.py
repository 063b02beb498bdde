"""A person's own page about their account on GitHub: connect it, see how long its tokens last, let it go."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from automation.pages.github_login import to_github
from automation.pages.outside import may_lead_to_github
from automation.pages.page import Route, render
from automation.pages.query import Query
from automation.pages.strictness import refuse
from projects import accounts
from projects.errors import AutowrkersError
from projects.models import GitHubIdentity

SCOPE = "repo"  # a GitHub App's client has permissions of its own and passes this over


@require_safe
def account(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    Query(request)
    page = render(
        request,
        "automation/github_account.html",
        title="GitHub account",
        identity=_mine(request),
        is_configured=accounts.client() is not None,
    )
    return may_lead_to_github(page)


@require_POST
def connect(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    Query(request)
    refuse("field", request.POST, {"csrfmiddlewaretoken"})
    try:
        return to_github(request, scope=SCOPE, user=request.user.pk, next="")
    except AutowrkersError as error:
        messages.error(request, str(error))
        return redirect("admin:github-account")


@require_POST
def disconnect(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    Query(request)
    refuse("field", request.POST, {"csrfmiddlewaretoken"})
    identity = _mine(request)
    if identity is not None:
        try:
            accounts.disconnect(identity)
            messages.success(request, f"Disconnected: {identity.login}. Its tokens are forgotten here.")
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
    return redirect("admin:github-account")


def _mine(request: HttpRequest) -> GitHubIdentity | None:
    rows = GitHubIdentity.objects.filter(user=request.user.pk, github_host=accounts.host())
    return rows.select_related("credential", "user").first()


ROUTES: list[Route] = [
    ("github-account/", account, "github-account"),
    ("github-account/connect/", connect, "github-connect"),
    ("github-account/disconnect/", disconnect, "github-disconnect"),
]
