"""What agents have cost this month (UTC), and whether that leaves anything of a project's budget.

An attempt whose agent told no price counts as unknown, never as nothing; a running one has no price yet.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.db.models import Count, Q, Sum
from django.utils import timezone

from issues.models import Attempt
from projects.models import Project

USED_UP = "monthly_budget"  # why a session waits; "budget" is the limit of one attempt


@dataclass(frozen=True)
class Spending:
    """`spent` is None while no attempt of the month has told a price; `unpriced` ended without telling one."""

    budget: Decimal | None
    spent: Decimal | None = None
    unpriced: int = 0

    @property
    def is_used_up(self) -> bool:
        return self.budget is not None and self.spent is not None and self.spent >= self.budget

    @property
    def left(self) -> Decimal | None:
        return None if self.budget is None else max(Decimal(0), self.budget - (self.spent or 0))

    @property
    def percent(self) -> int:
        """Of the budget, at most 100."""
        return min(100, int(100 * (self.spent or 0) / self.budget)) if self.budget else 0


def month_of(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def next_month(now: datetime) -> datetime:
    return month_of(month_of(now) + timedelta(days=31))


def spending(projects: Iterable[Project], now: datetime | None = None) -> dict[int, Spending]:
    """At most one query for all of the projects."""
    budgets = {project.pk: project.monthly_budget_usd for project in projects}
    if not budgets:
        return {}
    rows = Attempt.objects.filter(started_at__gte=month_of(now or timezone.now()))
    if len(budgets) == 1:  # of more, one pass over the month is quicker than a look at each session
        rows = rows.filter(issue_session__project__in=budgets)
    unpriced = Count("pk", filter=Q(cost_usd=None, ended_at__isnull=False))
    sums = rows.order_by().values("issue_session__project").annotate(spent=Sum("cost_usd"), unpriced=unpriced)
    found = {row["issue_session__project"]: (row["spent"], row["unpriced"]) for row in sums}
    return {pk: Spending(budget, *found.get(pk, (None, 0))) for pk, budget in budgets.items()}


def is_used_up(project: Project, now: datetime | None = None) -> bool:
    """A project without a budget costs no query."""
    return project.monthly_budget_usd is not None and spending([project], now)[project.pk].is_used_up


def blocked_reason(project: Project, now: datetime) -> str | None:
    """Why nothing starts, as a sentence with its remedy."""
    if project.monthly_budget_usd is None:
        return None
    month = spending([project], now)[project.pk]
    if not month.is_used_up:
        return None
    until = next_month(now)
    return (
        f"The monthly budget of $ {month.budget:,.2f} is used up: $ {month.spent:,.2f} spent. "
        f"Raise it in Settings, or wait until {until.day} {until:%B}."
    )
