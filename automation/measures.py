"""How well the work went since a moment, counted in SQL: in all, by week or by project.

Each of the four queries reads the rows of its period once, so the cost grows with the sessions, pull requests,
checks and attempts of the period, not with what is older.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

from django.db.models import Avg, Count, DateField, DurationField, ExpressionWrapper, F, Q, QuerySet, Sum
from django.db.models import Value as Constant
from django.db.models.expressions import Window
from django.db.models.functions import Coalesce, RowNumber, TruncWeek

from automation.models import Effect
from issues.models import Attempt, IssueSession
from issues.states import Status
from projects.models import Project
from verification.models import VerificationResult

PrState = IssueSession.PrState
Key = date | int


class By(Enum):
    """What the rows are grouped by. A project's rows carry its id, a week's rows its Monday (UTC)."""

    NOTHING = 0
    WEEK = 1
    PROJECT = 2


@dataclass
class Measures:
    """Counts of one group. A share or time is None when there is nothing to divide by."""

    ended: int = 0
    fixed: int = 0
    first_try: int = 0
    decided: int = 0
    merged_unchanged: int = 0
    checked: int = 0
    rejected: int = 0
    pull_requests: int = 0
    average_time: timedelta | None = None
    median_time: timedelta | None = None
    slow_time: timedelta | None = None
    cost: Decimal | None = None
    unpriced: int = 0
    _middle: list[timedelta] = field(default_factory=list, repr=False)

    @property
    def fix_rate(self) -> float | None:
        return _share(self.fixed, self.ended)

    @property
    def first_attempt_success(self) -> float | None:
        return _share(self.first_try, self.ended)

    @property
    def verification_pass_rate(self) -> float | None:
        return _share(self.checked - self.rejected, self.checked)

    @property
    def merge_rate(self) -> float | None:
        return _share(self.merged_unchanged, self.decided)


def measure(projects: QuerySet[Project], since: datetime, by: By = By.NOTHING) -> dict[Key, Measures]:
    """The measures of each group in which anything happened; of `By.NOTHING` the one group 0, always."""
    found: dict[Key, Measures] = defaultdict(Measures)
    if by is By.NOTHING:
        found[0] = Measures()
    for rows in (_sessions, _checks, _costs):
        for row in rows(projects, since, by):
            for name, value in row.items():
                setattr(found[row["key"]], name, value)
    for row in _times(projects, since, by):
        _take_time(found[row["key"]], row)
    return dict(found)


def _sessions(projects: QuerySet[Project], since: datetime, by: By) -> Iterable[Any]:
    rows = IssueSession.objects.filter(project__in=projects, completed_at__gte=since)
    fixed = Q(status=Status.COMPLETED)
    decided = Q(pr_number__isnull=False, pr_state__in=[PrState.MERGED, PrState.CLOSED])
    return _grouped(
        rows.filter(status__in=[Status.COMPLETED, Status.FAILED]),
        by,
        "completed_at",
        "project_id",
        ended=Count("pk"),
        fixed=Count("pk", filter=fixed),
        first_try=Count("pk", filter=fixed & Q(attempts=0, round=1)),
        decided=Count("pk", filter=decided),
        merged_unchanged=Count("pk", filter=decided & Q(pr_state=PrState.MERGED, foreign_commits=False)),
    )


def _checks(projects: QuerySet[Project], since: datetime, by: By) -> Iterable[Any]:
    """Per attempt whose commit was checked; a check that the environment kept from running says nothing."""
    told = Q(passed__isnull=False, fault="")
    rows = VerificationResult.objects.filter(told, issue_session__project__in=projects, created_at__gte=since)
    return _grouped(
        rows,
        by,
        "created_at",
        "issue_session__project_id",
        checked=Count("attempt", distinct=True),
        rejected=Count("attempt", distinct=True, filter=Q(passed=False)),
    )


def _costs(projects: QuerySet[Project], since: datetime, by: By) -> Iterable[Any]:
    rows = Attempt.objects.filter(issue_session__project__in=projects, started_at__gte=since)
    unpriced = Count("pk", filter=Q(cost_usd=None))
    project = "issue_session__project_id"
    return _grouped(rows, by, "started_at", project, cost=Sum("cost_usd"), unpriced=unpriced)


def _times(projects: QuerySet[Project], since: datetime, by: By) -> Iterable[Any]:
    """Of each group the durations in the middle and at nine tenths, by rank: the same on every database."""
    session = "issue_session__"
    opened = Effect.objects.filter(
        kind=Effect.Kind.PULL_REQUEST, done_at__gte=since, issue_session__project__in=projects
    )
    start = Coalesce(f"{session}issue_created_at", f"{session}created_at")
    timed = opened.annotate(
        key=_key(by, "done_at", f"{session}project_id"),
        length=ExpressionWrapper(F("done_at") - start, output_field=DurationField()),
    )
    group = [F("key")]
    ranked = timed.annotate(
        rank=Window(RowNumber(), partition_by=group, order_by=F("length").asc()),
        size=Window(Count("pk"), partition_by=group),
        average=Window(Avg("length"), partition_by=group),
    )
    middle = Q(rank__gte=F("size") / 2.0, rank__lte=F("size") / 2.0 + 1)
    slow = Q(rank__gte=F("size") * 0.9, rank__lt=F("size") * 0.9 + 1)
    return (
        ranked.filter(middle | slow)
        .order_by("key", "rank")
        .values("key", "length", "rank", "size", "average")
    )


def _take_time(measures: Measures, row: dict[str, Any]) -> None:
    rank, size = row["rank"], row["size"]
    measures.pull_requests, measures.average_time = size, row["average"]
    if size <= 2 * rank <= size + 2:
        measures._middle.append(row["length"])
        measures.median_time = sum(measures._middle, timedelta()) / len(measures._middle)
    if 9 * size <= 10 * rank < 9 * size + 10:
        measures.slow_time = row["length"]


def _grouped(rows: QuerySet[Any], by: By, moment: str, project: str, **counts: Any) -> Iterable[Any]:
    if by is By.NOTHING:
        return [rows.aggregate(**counts) | {"key": 0}]
    keyed: Any = rows.order_by().annotate(key=_key(by, moment, project)).values("key")
    return list(keyed.annotate(**counts))


def _key(by: By, moment: str, project: str) -> Any:
    if by is By.NOTHING:
        return Constant(0)
    return TruncWeek(moment, output_field=DateField(), tzinfo=UTC) if by is By.WEEK else F(project)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
