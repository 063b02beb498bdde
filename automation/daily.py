"""What happened per project and day (UTC), read in one pass over each table with the database's own functions.

Django's Trunc functions and differences of moments are Python functions on SQLite, called for every row.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    Count,
    ExpressionWrapper,
    F,
    FloatField,
    Func,
    IntegerField,
    Max,
    Q,
    QuerySet,
    Sum,
    When,
)
from django.db.models.functions import Coalesce

from automation.models import Effect
from issues.models import Attempt, IssueSession
from issues.states import Status
from projects.models import Project
from verification.models import VerificationResult

PrState = IssueSession.PrState
Row = tuple[int, date, dict[str, Any]]


class Day(Func):
    """The day of a moment; text on SQLite. Connections are in UTC on both databases."""

    function = "date"
    output_field = CharField()


class Seconds(Func):
    """From the second moment to the first, to the millisecond."""

    output_field = FloatField()

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        days = "(julianday(%(expressions)s)) * 86400"
        return self.as_sql(compiler, connection, template=days, arg_joiner=") - julianday(", **extra)

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        epoch = "extract(epoch FROM %(expressions)s)::float8"
        return self.as_sql(compiler, connection, template=epoch, arg_joiner=" - ", **extra)


def read(projects: QuerySet[Project], since: datetime) -> Iterable[Row]:
    """(project, day, measures). One project is found by its index; of more, the period is read and the rest dropped."""
    pks = set(projects.values_list("pk", flat=True))
    chosen = {"project": next(iter(pks))} if len(pks) == 1 else {}
    of_session = {f"issue_session__{name}": pk for name, pk in chosen.items()}
    days: dict[Any, date] = {}
    for names, rows in (
        _sessions(chosen, since),
        _checks(of_session, since),
        _costs(of_session, since),
        _times(of_session, since),
    ):
        for project, day, *values in rows:
            if project in pks:
                if day not in days:
                    days[day] = date.fromisoformat(str(day))
                yield project, days[day], dict(zip(names, values, strict=True))


def _sessions(chosen: dict[str, int], since: datetime) -> tuple[tuple[str, ...], Any]:
    fixed = Q(status=Status.COMPLETED)
    decided = Q(pr_number__isnull=False, pr_state__in=[PrState.MERGED, PrState.CLOSED])
    counts = {
        "ended": Count("pk"),
        "fixed": Count("pk", filter=fixed),
        "first_try": Count("pk", filter=fixed & Q(attempts=0, round=1)),
        "decided": Count("pk", filter=decided),
        "merged_unchanged": Count("pk", filter=decided & Q(pr_state=PrState.MERGED, foreign_commits=False)),
    }
    rows = IssueSession.objects.filter(
        status__in=[Status.COMPLETED, Status.FAILED], completed_at__gte=since, **chosen
    )
    days = rows.order_by().values_list("project_id", Day("completed_at"))
    return tuple(counts), days.annotate(**counts)


def _checks(chosen: dict[str, int], since: datetime) -> tuple[tuple[str, ...], Any]:
    """Attempts whose commit was checked, on the day of the last check; one kept from running says nothing.

    The sum keeps the grouping from walking through the index of all attempts there ever were.
    """
    told = Q(passed__isnull=False, fault="", attempt__isnull=False)
    rows = VerificationResult.objects.filter(told, created_at__gte=since, **chosen)
    attempt = ExpressionWrapper(F("attempt_id") + 0, output_field=BigIntegerField())
    failed = Case(When(passed=False, then=1), default=0, output_field=IntegerField())
    attempts = rows.order_by().values(checked_attempt=attempt)
    counted = attempts.annotate(
        session=Max("issue_session_id"), day=Day(Max("created_at")), rejected=Max(failed)
    )
    inner, params = counted.query.sql_with_params()
    table = connection.ops.quote_name(IssueSession._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT s.project_id, a.day, COUNT(*), SUM(a.rejected) FROM ({inner}) a"  # noqa: S608
            f" JOIN {table} s ON s.id = a.session GROUP BY s.project_id, a.day",
            params,
        )
        return ("checked", "rejected"), cursor.fetchall()


def _costs(chosen: dict[str, int], since: datetime) -> tuple[tuple[str, ...], Any]:
    rows = Attempt.objects.filter(started_at__gte=since, **chosen)
    days = rows.order_by().values_list("issue_session__project_id", Day("started_at"))
    counts = {"cost": Sum("cost_usd"), "unpriced": Count("pk", filter=Q(cost_usd=None))}
    return tuple(counts), days.annotate(**counts)


def _times(chosen: dict[str, int], since: datetime) -> tuple[tuple[str, ...], Any]:
    """Of each pull request, for percentiles are not counted from sums."""
    session = "issue_session__"
    rows = Effect.objects.filter(kind=Effect.Kind.PULL_REQUEST, done_at__gte=since, **chosen)
    start = Coalesce(f"{session}issue_created_at", f"{session}created_at")
    times = rows.order_by().values_list(f"{session}project_id", Day("done_at"), Seconds("done_at", start))
    return ("seconds",), times.iterator(chunk_size=10_000)
