"""Linking a repository: a form, then checks that turn green one by one, each with its remedy.

The results lie in the person's own session, since no page but this one needs them, and go when the project changes.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from automation import doctor
from automation.checks.link import LINK_CHECKS, LinkCheck
from automation.checks.situation import Situation
from automation.pages.doctor import STANDINGS, WORST_FIRST
from automation.pages.link_form import LinkForm
from automation.pages.page import Route, render, visible_project
from automation.pages.query import Query
from automation.pages.refusals import require
from automation.pages.standing import Standing
from automation.pages.strictness import refuse
from automation.pages.ways import WayForm
from projects import editing
from projects.access import actor_name
from projects.models import Project, Scope
from projects.validators import validate_branch

KEPT = "link-checks"
PROJECTS_KEPT = 5
SECONDS = 40
WAITING = Standing("Not checked", "○", "neutral")
REACHED = ("github_repo", "default_branch", "credential_id")
LOOKED_AT = {"agent": ("agent", "agent_command"), "webhook": (*REACHED, "webhook_credential_id")}


@dataclass(frozen=True)
class Card:
    """One check as the page shows it; without findings it has not been made yet."""

    check: LinkCheck
    standing: Standing
    findings: list[tuple[Standing, str, str]]
    proposed_branch: str
    made_at: datetime | None = None


@require_http_methods(["GET", "HEAD", "POST"])
def link_repository(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    if not request.user.has_perm("projects.add_project"):
        raise PermissionDenied(
            "Linking a repository needs the permission to add projects. Ask an administrator."
        )
    Query(request)
    form = LinkForm(request.POST if request.method == "POST" else None, user=request.user)
    refuse("field", request.POST, {*form.fields, "csrfmiddlewaretoken"})
    if request.method == "POST" and form.is_valid():
        project = form.save(commit=False)
        actor = actor_name(request.user)
        editing.create(project, secrets=form.secrets(), actor=actor, owner=request.user)
        messages.success(request, f"{project.name} is linked. It is paused, and starts nothing by itself.")
        return redirect("admin:link-checks", project.pk)
    status = 400 if form.is_bound else 200
    return render(request, "automation/link.html", title="Link a repository", form=form, status=status)


@require_http_methods(["GET", "HEAD"])
def link_checks(request: HttpRequest, *, pk: int, **kwargs: Any) -> HttpResponse:
    project = _managed(request, pk)
    return _checks_page(request, project, WayForm(request.user, project.github_repo))


@require_POST
def run_check(request: HttpRequest, *, pk: int, check: str, **kwargs: Any) -> HttpResponse:
    """One check, or `all` of them. The page's script asks for the card alone."""
    project = _managed(request, pk)
    refuse("field", request.POST, {"csrfmiddlewaretoken"})
    if check != "all" and check not in LINK_CHECKS:
        raise Http404("There is no such check.")
    for name in LINK_CHECKS if check == "all" else [check]:
        _run(request, project, LINK_CHECKS[name])
    if check != "all" and request.headers.get("X-Requested-With") == "fetch":
        values = {"project": project, "card": _card(request, project, LINK_CHECKS[check])}
        return HttpResponse(render_to_string("automation/link_check.html", values, request))
    anchor = "" if check == "all" else f"#check-{check}"
    return redirect(reverse("admin:link-checks", args=[project.pk]) + anchor)


@require_POST
def replace_token(request: HttpRequest, *, pk: int, **kwargs: Any) -> HttpResponse:
    project = _managed(request, pk)
    form = WayForm(request.user, project.github_repo, request.POST)
    refuse("field", request.POST, {*form.fields, "csrfmiddlewaretoken"})
    if not form.is_valid():
        return _checks_page(request, project, form, status=400)
    actor = actor_name(request.user)
    if form.credential is None:
        secrets = {"github_token": form.cleaned_data["github_token"]}
        editing.change(project, [], secrets=secrets, actor=actor)
    else:
        editing.use_credential(project, form.credential, actor=actor)
    _forget(request, project)
    messages.success(request, "The new way in is stored. Run the checks again.")
    return redirect("admin:link-checks", project.pk)


@require_POST
def use_branch(request: HttpRequest, *, pk: int, **kwargs: Any) -> HttpResponse:
    project = _managed(request, pk)
    refuse("field", request.POST, {"branch", "csrfmiddlewaretoken"})
    branch = request.POST.get("branch", "")
    try:
        validate_branch(branch)
    except ValidationError as error:
        messages.error(request, f"Branch: {' '.join(error.messages)}")
        return _checks_page(request, project, WayForm(request.user, project.github_repo), status=400)
    project.default_branch = branch
    editing.change(project, ["default_branch"], secrets={}, actor=actor_name(request.user))
    _forget(request, project)
    messages.success(request, f"Work now starts from {branch}, and pull requests go there.")
    return redirect("admin:link-checks", project.pk)


def _managed(request: HttpRequest, pk: int) -> Project:
    project = visible_project(request, pk)
    require(request, project, Scope.ADMIN)
    Query(request)
    return project


def _checks_page(request: HttpRequest, project: Project, form: WayForm, *, status: int = 200) -> HttpResponse:
    cards = [_card(request, project, check) for check in LINK_CHECKS.values()]
    return render(
        request,
        "automation/link_checks.html",
        title=f"Checks of {project.name}",
        project=project,
        cards=cards,
        token_form=form,
        is_done=all(card.findings for card in cards),
        has_errors=any(card.standing == STANDINGS["error"] for card in cards),
        status=status,
    )


def _run(request: HttpRequest, project: Project, check: LinkCheck) -> None:
    situation = Situation(
        projects=(project,),
        may_ask_network=True,
        may_run_programs=True,
        deadline=time.monotonic() + SECONDS,
        actor=actor_name(request.user),
    )
    found = [doctor.finding_of("github", check.title, message) for message in check.look(project, situation)]
    project.refresh_from_db()  # the look itself may have stored a webhook's secret
    kept = dict(request.session.get(KEPT, {}))
    mine = kept.pop(str(project.pk), {})
    mine[check.name] = {
        "at": timezone.now().isoformat(),
        "of": _looked_at(project, check),
        "branch": _proposal(project, check, [finding.id for finding in found]),
        "findings": [[finding.level, finding.message, finding.hint] for finding in found],
    }
    request.session[KEPT] = dict(list(kept.items())[1 - PROJECTS_KEPT :]) | {str(project.pk): mine}


def _proposal(project: Project, check: LinkCheck, ids: list[str]) -> str:
    return check.propose_branch(project) if check.propose_branch and "autowrkers.W082" in ids else ""


def _looked_at(project: Project, check: LinkCheck) -> list[Any]:
    """What a result of this check speaks of; of anything else it says nothing."""
    return [getattr(project, name) for name in LOOKED_AT.get(check.name, REACHED)]


def _card(request: HttpRequest, project: Project, check: LinkCheck) -> Card:
    kept = request.session.get(KEPT, {}).get(str(project.pk), {}).get(check.name)
    if kept is None or kept.get("of") != _looked_at(project, check):
        return Card(check, WAITING, [], "")
    findings = [(STANDINGS[level], message, hint) for level, message, hint in kept["findings"]]
    levels = [level for level, _, _ in kept["findings"]]
    worst = next((level for level in WORST_FIRST if level in levels), "ok")
    return Card(check, STANDINGS[worst], findings, kept["branch"], datetime.fromisoformat(kept["at"]))


def _forget(request: HttpRequest, project: Project) -> None:
    kept = dict(request.session.get(KEPT, {}))
    kept.pop(str(project.pk), None)
    request.session[KEPT] = kept


ROUTES: list[Route] = [
    ("link/", link_repository, "link-repository"),
    ("project/<int:pk>/checks/", link_checks, "link-checks"),
    ("project/<int:pk>/checks/<str:check>/", run_check, "link-check"),
    ("project/<int:pk>/link-token/", replace_token, "link-token"),
    ("project/<int:pk>/link-branch/", use_branch, "link-branch"),
]
