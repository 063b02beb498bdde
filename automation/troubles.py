"""Trouble of projects that keeps more than one session from going on: errors, a refused token, a used-up budget."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.db.models import Case, OuterRef, Q, QuerySet, Subquery, Sum, When
from django.utils import timezone

from issues.models import Attempt
from projects.models import Project

NEAR = Decimal("0.8")
PASSING_FOR = timedelta(minutes=15)
# What the world ends by itself: no person is needed before it has lasted.
PASSING = ("github.rate_limited", "github.unavailable", "github.answer_lost", "git.locked", "git.timeout")
OF_TOKEN = ("github.bad_token", "credential.missing", "credential.unreadable")


@dataclass
class Trouble:
    """`projects` share it. `spent` is set where it is the budget's."""

    since: datetime
    reason: str
    remedy: str
    detail: str = ""
    projects: list[Project] = field(default_factory=list)
    spent: Decimal | None = None

    @property
    def project(self) -> Project:
        return self.projects[0]


def troubles(projects: QuerySet[Project]) -> list[Trouble]:
    """One query. A refused token is one trouble, however many projects use it."""
    found: dict[tuple[str, int | None], Trouble] = {}
    budgets: list[Trouble] = []
    for project in _rows(projects):
        if _is_in_error(project):
            key = _key(project)
            trouble = found.setdefault(key, _error(project))
            trouble.projects.append(project)
            trouble.since = min(trouble.since, project.error_since or trouble.since)
        spent: Decimal | None = getattr(project, "spent", None)
        if spent is not None and spent >= NEAR * (project.monthly_budget_usd or Decimal("Infinity")):
            budgets.append(_budget(project, spent))
    return [*found.values(), *budgets]


def _rows(projects: QuerySet[Project]) -> QuerySet[Project]:
    in_error = ~Q(error_code="") | Q(credential__error_code__gt="")
    month = timezone.now().astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    attempts = Attempt.objects.filter(
        issue_session__project=OuterRef("pk"), started_at__gte=month, cost_usd__isnull=False
    )
    of_project = attempts.order_by().values("issue_session__project")
    has_budget = Q(monthly_budget_usd__isnull=False)
    rows = projects.filter(in_error | has_budget).annotate(
        spent=Case(When(has_budget, then=Subquery(of_project.annotate(sum=Sum("cost_usd")).values("sum")))),
        spent_at=Case(When(has_budget, then=Subquery(attempts.order_by("-id").values("started_at")[:1]))),
    )
    return rows.select_related("credential").order_by("pk")


def _is_in_error(project: Project) -> bool:
    """What passes by itself is trouble only once it has lasted."""
    if project.credential and project.credential.error_code:
        return True
    lasts = project.error_since is None or timezone.now() - project.error_since >= PASSING_FOR
    return bool(project.error_code) and (lasts or project.error_code not in PASSING)


def _key(project: Project) -> tuple[str, int | None]:
    credential = project.credential
    if (credential and credential.error_code) or project.error_code in OF_TOKEN:
        return ("credential", project.credential_id)
    return ("project", project.pk)


def _error(project: Project) -> Trouble:
    credential = project.credential
    now = timezone.now()
    if credential and credential.error_code:
        return Trouble(
            credential.error_since or now,
            "GitHub refuses the token.",
            "Store a valid token in the project's settings; work goes on by itself then.",
            credential.error_message,
        )
    if project.error_code in OF_TOKEN:
        return Trouble(
            project.error_since or now,
            "There is no usable GitHub token.",
            "Store a valid token in the project's settings; work goes on by itself then.",
            project.error_message,
        )
    return Trouble(
        project.error_since or now,
        "The project cannot be synchronised.",
        "Do what the message says, then sync again.",
        project.error_message,
    )


def _budget(project: Project, spent: Decimal) -> Trouble:
    budget = project.monthly_budget_usd or Decimal(0)
    is_used_up = spent >= budget
    return Trouble(
        getattr(project, "spent_at", None) or timezone.now(),
        f"The monthly budget is {'used up' if is_used_up else f'{100 * spent / budget:.0f} % used'}.",
        "Nothing new starts before the next month; raise the budget to go on."
        if is_used_up
        else "At 100 % nothing new starts before the next month; raise the budget in time if work is to go on.",
        f"$ {spent:,.2f} of $ {budget:,.2f} this month.",
        [project],
        spent,
    )
