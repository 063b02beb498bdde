"""Trouble of projects that keeps more than one session from going on: errors, a refused token, a used-up budget."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Case, Max, Q, QuerySet, When
from django.utils import timezone

from automation.budgets import Spending, month_of, spending
from automation.models import Alert
from issues.models import Attempt
from projects.models import Credential, Project
from projects.models.credential import SOON

NEAR_PERCENT = 80
PASSING_FOR = timedelta(minutes=15)
# What the world ends by itself: no person is needed before it has lasted.
PASSING = (
    "github.refreshing",
    "github.rate_limited",
    "github.unavailable",
    "github.answer_lost",
    "git.locked",
    "git.network",
    "git.timeout",
)
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
    """At most four queries, a fifth where GITHUB_TOKEN is in trouble. A token that is refused is one trouble."""
    found = {("project", alert.project_id): _switched_off(alert) for alert in _alerts(projects)}
    now = timezone.now()
    ending = Credential.objects.ending_before(now + SOON)
    troubled = Credential.objects.filter(Q(error_code__gt="") | Q(pk__in=ending))
    sharing = Q(pk__in=Project.objects.working_with(troubled))
    asked = ~Q(error_code="") | sharing | Q(monthly_budget_usd__isnull=False)
    rows = (
        projects.filter(asked)
        .select_related("credential")
        .annotate(is_of_token=Case(When(sharing, then=True), default=False))
    )
    chosen = list(rows.order_by("pk"))
    without = any(each.is_of_token and each.credential is None for each in chosen)
    default = troubled.default().first() if without else None
    for project in chosen:
        credential = project.credential or default
        if _is_in_error(project, credential):
            trouble = found.setdefault(_key(project, credential), _error(project, credential))
            if project not in trouble.projects:
                trouble.projects.append(project)
            trouble.since = min(trouble.since, project.error_since or trouble.since)
    for project in chosen:
        credential = project.credential or default
        if credential and credential.ends_soon(now):
            found.setdefault(("end", credential.pk), _end(credential)).projects.append(project)
    return [*found.values(), *_budgets([project for project in chosen if project.monthly_budget_usd])]


def _alerts(projects: QuerySet[Project]) -> QuerySet[Alert]:
    """Of automation that was switched off; what else is told of a project is in its own row."""
    disabled = Alert.objects.filter(kind=Alert.Kind.PROJECT, ended_at=None, project__in=projects)
    return disabled.select_related("project__credential")


def _switched_off(alert: Alert) -> Trouble:
    projects = [alert.project] if alert.project else []
    reason = "The automation was switched off: the same error for a day."
    return Trouble(
        alert.first_at, reason, alert.remedy, projects[0].error_message if projects else "", projects
    )


def _end(credential: Credential) -> Trouble:
    """Told before it hurts: once it has ended, GitHub's refusal is told as well."""
    end = credential.ends_at or timezone.now()
    account = credential.kind == Credential.Kind.OAUTH
    remedy = (
        "Connect the GitHub account again." if account else "Make a new token on GitHub and store it in time."
    )
    return Trouble(
        end - SOON,
        f"The {'connection to the GitHub account' if account else 'GitHub token'} ends on {end:%Y-%m-%d}.",
        remedy,
        f"It belongs to {credential.login}." if credential.login else "",
    )


def _budgets(projects: list[Project]) -> list[Trouble]:
    """Those near their end, each since its last cost."""
    spent = {pk: month for pk, month in spending(projects).items() if month.spent} if projects else {}
    near = [
        project for project in projects if project.pk in spent and spent[project.pk].percent >= NEAR_PERCENT
    ]
    if not near:
        return []
    costs = Attempt.objects.filter(issue_session__project__in=near, cost_usd__isnull=False)
    last = costs.order_by().values_list("issue_session__project").annotate(Max("started_at"))
    since = dict(last.filter(started_at__gte=month_of(timezone.now())))
    return [_budget(project, spent[project.pk], since[project.pk]) for project in near]


def _is_in_error(project: Project, credential: Credential | None) -> bool:
    """What passes by itself is trouble only once it has lasted."""
    if credential and credential.error_code:
        return True
    lasts = project.error_since is None or timezone.now() - project.error_since >= PASSING_FOR
    return bool(project.error_code) and (lasts or project.error_code not in PASSING)


def _key(project: Project, credential: Credential | None) -> tuple[str, int | None]:
    if (credential and credential.error_code) or project.error_code in OF_TOKEN:
        return ("credential", credential.pk if credential else None)
    return ("project", project.pk)


def _error(project: Project, credential: Credential | None) -> Trouble:
    now = timezone.now()
    if credential and credential.error_code:
        is_token = credential.kind == Credential.Kind.TOKEN
        return Trouble(
            credential.error_since or now,
            f"GitHub refuses the {'token' if is_token else credential.get_kind_display()}.",
            "Store a valid token in the project's settings; work goes on by itself then."
            if is_token
            else "Do what the message says; work goes on by itself then.",
            credential.error_message,
        )
    if project.error_code in OF_TOKEN:
        return Trouble(
            project.error_since or now,
            "There is no usable GitHub token.",
            "Store a valid token in the project's settings; work goes on by itself then.",
            project.error_message,
        )
    if project.error_code == "github.rate_limited":
        return Trouble(
            project.error_since or now,
            "The project waits for GitHub's limit.",
            "It goes on by itself. Give busy projects tokens of different accounts.",
            project.error_message,
        )
    return Trouble(
        project.error_since or now,
        "The project cannot be synchronised.",
        "Do what the message says, then sync again.",
        project.error_message,
    )


def _budget(project: Project, month: Spending, since: datetime) -> Trouble:
    return Trouble(
        since,
        f"The monthly budget is {'used up' if month.is_used_up else f'{month.percent} % used'}.",
        "Nothing new starts before the next month; raise the budget to go on."
        if month.is_used_up
        else "At 100 % nothing new starts before the next month; raise the budget in time if work is to go on.",
        f"$ {month.spent:,.2f} of $ {month.budget:,.2f} this month.",
        [project],
        month.spent,
    )
