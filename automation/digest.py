"""What one person's digest tells of a past day, week or month: what waits, the numbers, failing checks, merged work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Count, QuerySet

from automation.attention import Waiting, waiting
from automation.daily import read
from automation.figures import figures
from automation.measures import Measures
from issues.models import IssueSession
from projects.models import Project
from verification.models import VerificationResult

DAILY, WEEKLY, MONTHLY = "daily", "weekly", "monthly"
PERIODS = (DAILY, WEEKLY, MONTHLY)
WAITING_SHOWN = 10
FAILURES_SHOWN = 5
MERGED_SHOWN = 20


@dataclass(frozen=True)
class Period:
    """From `start` to before `end`; the one before it began at `before`. All at midnight UTC."""

    kind: str
    before: datetime
    start: datetime
    end: datetime

    @property
    def label(self) -> str:
        if self.kind == DAILY:
            return f"{self.start:%Y-%m-%d}"
        return f"Week of {self.start:%Y-%m-%d}" if self.kind == WEEKLY else f"{self.start:%B %Y}"


@dataclass(frozen=True)
class Number:
    """A figure as people read it, and what it was in the period before."""

    label: str
    value: str
    detail: str
    before: str


@dataclass(frozen=True)
class Failure:
    """How many attempts a check has failed."""

    check: str
    attempts: int


@dataclass(frozen=True)
class Digest:
    """`waiting` and `merged` hold the first of `waiting_count` and `merged_count`."""

    period: Period
    waiting: list[Waiting]
    waiting_count: int
    fixed: int
    numbers: list[Number]
    failures: list[Failure]
    merged: list[IssueSession]
    merged_count: int


def last_period(kind: str, now: datetime) -> Period:
    """The last whole day, week (from Monday) or month (UTC)."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if kind == MONTHLY:
        end = today.replace(day=1)
        start = (end - timedelta(days=1)).replace(day=1)
        return Period(kind, (start - timedelta(days=1)).replace(day=1), start, end)
    length = timedelta(days=1 if kind == DAILY else 7)
    end = today if kind == DAILY else today - timedelta(days=today.weekday())
    return Period(kind, end - 2 * length, end - length, end)


def collect(projects: QuerySet[Project], period: Period) -> Digest | None:
    """The digest of these projects; None when nothing happened and nothing waits. A fixed number of queries."""
    before, found = _measured(projects, period)
    items, count = waiting(projects, limit=WAITING_SHOWN)
    merged = IssueSession.objects.filter(
        project__in=projects,
        pr_state=IssueSession.PrState.MERGED,
        merged_at__gte=period.start,
        merged_at__lt=period.end,
    )
    merged_count = merged.count()
    if not count and not merged_count and found == Measures():
        return None
    return Digest(
        period=period,
        waiting=items,
        waiting_count=count,
        fixed=found.fixed,
        numbers=[
            Number(now.label, now.value, now.detail, then.value)
            for now, then in zip(figures(found, period.start), figures(before, period.before), strict=True)
        ],
        failures=_failures(projects, period),
        merged=list(
            merged.select_related("project")
            .defer("github_issue_body")
            .order_by("merged_at", "pk")[:MERGED_SHOWN]
        ),
        merged_count=merged_count,
    )


def _measured(projects: QuerySet[Project], period: Period) -> tuple[Measures, Measures]:
    """Of the period before and of the period, as the Analytics page counts."""
    start, end = period.start.date(), period.end.date()
    before, found = Measures(), Measures()
    for _, day, counts in read(projects, period.before):
        if day < end:
            (found if day >= start else before).add(counts)
    before.close()
    found.close()
    return before, found


def _failures(projects: QuerySet[Project], period: Period) -> list[Failure]:
    rows = VerificationResult.objects.filter(
        issue_session__project__in=projects,
        passed=False,
        fault="",
        attempt__isnull=False,
        created_at__gte=period.start,
        created_at__lt=period.end,
    )
    counted = (
        rows.order_by().values_list("name", "check_type").annotate(number=Count("attempt", distinct=True))
    )
    most = counted.order_by("-number", "name", "check_type")[:FAILURES_SHOWN]
    return [Failure(name or kind, number) for name, kind, number in most]
