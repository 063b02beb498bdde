"""The Doctor page: what is wrong with this installation, and what helps.

Looking at it asks no network and starts no program; a person who may operate a project can ask for that.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed

from automation import doctor as examination
from automation.checks.situation import Situation
from automation.doctor import Finding
from automation.pages.page import Route, render
from automation.pages.query import Query
from automation.pages.standing import Standing
from automation.pages.strictness import refuse
from projects.models import Project, Scope

TOTAL_SECONDS = 20
STANDINGS = {
    "ok": Standing("OK", "✓", "success"),
    "note": Standing("Note", "i", "neutral"),
    "warning": Standing("Warning", "!", "warn"),
    "error": Standing("Error", "✕", "danger"),
}
WORST_FIRST = ("error", "warning", "note", "ok")


@dataclass(frozen=True)
class Row:
    finding: Finding
    standing: Standing
    project: Project | None


@dataclass(frozen=True)
class Group:
    heading: str
    rows: list[Row]


def doctor(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    if request.method not in ("GET", "HEAD", "POST"):
        return HttpResponseNotAllowed(["GET", "POST"])
    Query(request)
    refuse("field", request.POST, {"csrfmiddlewaretoken"})
    may_run = _of(request, Scope.OPERATE).exists() or _is_superuser(request)
    is_full = request.method == "POST"
    if is_full and not may_run:
        raise PermissionDenied("Running the checks needs the role Operator or Manager in a project.")
    scope = Scope.OPERATE if is_full else Scope.READ
    projects = tuple(_of(request, scope).select_related("credential"))
    situation = Situation(
        projects=projects,
        site_wide=_is_superuser(request),
        may_ask_network=is_full,
        may_run_programs=is_full,
        deadline=time.monotonic() + TOTAL_SECONDS,
    )
    findings = examination.examine(situation)
    counts = examination.counts(findings)
    return render(
        request,
        "automation/doctor.html",
        title="Doctor",
        groups=_groups(findings, {project.pk: project for project in projects}),
        tallies=[(STANDINGS[level], counts[level]) for level in WORST_FIRST if counts[level]],
        is_full=is_full,
        may_run=may_run,
        site_wide=situation.site_wide,
        project_count=len(projects),
    )


def _groups(findings: list[Finding], projects: dict[int, Project]) -> list[Group]:
    """By topic, those with something wrong before the others; within one the worst first."""
    groups = []
    for tag, heading in examination.HEADINGS.items():
        mine = [finding for finding in findings if finding.tag == tag]
        mine.sort(key=lambda finding: WORST_FIRST.index(finding.level))
        rows = [Row(each, STANDINGS[each.level], projects.get(each.project or 0)) for each in mine]
        groups += [Group(heading, rows)] if rows else []
    return sorted(groups, key=lambda group: WORST_FIRST.index(group.rows[0].finding.level))


def _of(request: HttpRequest, scope: str) -> Any:
    return Project.objects.visible_to(request.user, scope)


def _is_superuser(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_superuser", False))


ROUTES: list[Route] = [
    ("doctor/", doctor, "doctor"),
]
