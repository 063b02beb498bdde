"""A project as a card: Running, Paused or Error, its sessions by status, and what this month has cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Q

from automation.budgets import Spending, spending
from automation.pages.standing import Standing
from issues.models import IssueSession
from issues.sanitize import clean_line
from issues.states import Status
from projects.errors import ended
from projects.models import Credential, Project
from projects.redaction import redact

RUNNING = Standing("Running", "▶", "success")
PAUSED = Standing("Paused", "❚❚", "neutral")
ERROR = Standing("Error", "✕", "danger")
STATES = {"running": RUNNING, "paused": PAUSED, "error": ERROR}
IN_ERROR = ~Q(error_code="") | Q(credential__error_code__gt="")
OF_STATE = {
    "running": Q(automation_enabled=True) & ~IN_ERROR,
    "paused": Q(automation_enabled=False) & ~IN_ERROR,
    "error": IN_ERROR,
}
REMEDY = "Store a valid token in the project's settings."
LONGEST = 400


@dataclass(frozen=True)
class ProjectCard:
    project: Project
    standing: Standing
    trouble: str
    issues: int
    in_progress: int
    completed: int
    failed: int
    month: Spending


def cards(projects: Sequence[Project]) -> list[ProjectCard]:
    """Two queries for all of them."""
    counts, months = count_by_status(projects), spending(projects)
    return [_card(project, counts[project.pk], months[project.pk]) for project in projects]


def count_by_status(projects: Sequence[Project]) -> dict[int, Counter[str]]:
    """One GROUP BY over the index of project and status."""
    found: dict[int, Counter[str]] = {project.pk: Counter() for project in projects}
    rows = IssueSession.objects.filter(project__in=list(found)).order_by()
    for pk, status, count in rows.values_list("project", "status").annotate(Count("pk")):
        found[pk][status] = count
    return found


def standing_of(project: Project) -> Standing:
    credential = project.credential
    if project.error_code or (credential is not None and credential.error_code):
        return ERROR
    return RUNNING if project.automation_enabled else PAUSED


def trouble_of(project: Project) -> str:
    """The sentence of the error and its remedy."""
    credential = project.credential
    if project.error_code:
        text = project.error_message
    elif credential is not None and credential.error_code:
        remedy = REMEDY if credential.kind == Credential.Kind.TOKEN else ""
        text = f"{ended(credential.error_message)} {remedy}"
    else:
        return ""
    return clean_line(redact(text), limit=LONGEST)


def _card(project: Project, count: Counter[str], month: Spending) -> ProjectCard:
    return ProjectCard(
        project=project,
        standing=standing_of(project),
        trouble=trouble_of(project),
        issues=count.total(),
        in_progress=count[Status.IN_PROGRESS] + count[Status.VERIFYING],
        completed=count[Status.COMPLETED],
        failed=count[Status.FAILED],
        month=month,
    )
