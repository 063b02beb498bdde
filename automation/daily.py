"""What happened per project and day (UTC), read in one pass over each table with the database's own functions.

Django's Trunc functions and differences of moments are Python functions on SQLite, called for every row.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from datetime import date, datetime
from operator import itemgetter
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
Table = tuple[tuple[str, ...], Iterator[Any]]
CHUNK = 10_000


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


def read(projects: QuerySet[Project], since: datetime) -> Iterator[Row]:
    """(project, day, measures). One project is found by its index; of more, the period is read and the rest dropped."""
    for table in _tables(projects, since, in_order=False):
        yield from table


def read_in_order(projects: QuerySet[Project], since: datetime) -> Iterator[Row]:
    """As `read`, by project and day: the tables side by side, with a chunk of each in memory."""
    yield from heapq.merge(*_tables(projects, since, in_order=True), key=itemgetter(0, 1))


def _tables(projects: QuerySet[Project], since: datetime, *, in_order: bool) -> list[Iterator[Row]]:
    pks = set(projects.values_list("pk", flat=True))
    chosen = {"project": next(iter(pks))} if len(pks) == 1 else {}
    of_session = {f"issue_session__{name}": pk for name, pk in chosen.items()}
    days: dict[Any, date] = {}

    def told(names: tuple[str, ...], rows: Iterator[Any]) -> Iterator[Row]:
        for project, day, *values in rows:
            if project in pks:
                if day not in days:
                    days[day] = date.fromisoformat(str(day))
                yield project, days[day], dict(zip(names, values, strict=True))

    return [
        told(*_sessions(chosen, since, in_order)),
        told(*_checks(of_session, since)),
        told(*_costs(of_session, since, in_order)),
        told(*_times(of_session, since, in_order)),
    ]


def _sessions(chosen: dict[str, int], since: datetime, in_order: bool) -> Table:
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
    keys = ("project_id", Day("completed_at"))
    days = rows.order_by(*keys if in_order else ()).values_list(*keys)
    return tuple(counts), days.annotate(**counts).iterator(CHUNK)


def _checks(chosen: dict[str, int], since: datetime) -> Table:
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
    return ("checked", "rejected"), _by_project(*counted.query.sql_with_params())


def _by_project(counted: str, params: tuple[Any, ...]) -> Iterator[Any]:
    table = connection.ops.quote_name(IssueSession._meta.db_table)
    with connection.chunked_cursor() as cursor:
        cursor.execute(
            f"SELECT s.project_id, a.day, COUNT(*), SUM(a.rejected) FROM ({counted}) a"  # noqa: S608
            f" JOIN {table} s ON s.id = a.session GROUP BY s.project_id, a.day ORDER BY s.project_id, a.day",
            params,
        )
        while rows := cursor.fetchmany(CHUNK):
            yield from rows


def _costs(chosen: dict[str, int], since: datetime, in_order: bool) -> Table:
    rows = Attempt.objects.filter(started_at__gte=since, **chosen)
    keys = ("issue_session__project_id", Day("started_at"))
    days = rows.order_by(*keys if in_order else ()).values_list(*keys)
    counts = {"cost": Sum("cost_usd"), "unpriced": Count("pk", filter=Q(cost_usd=None))}
    return tuple(counts), days.annotate(**counts).iterator(CHUNK)


def _times(chosen: dict[str, int], since: datetime, in_order: bool) -> Table:
    """Of each pull request, for percentiles are not counted from sums."""
    session = "issue_session__"
    rows = Effect.objects.filter(kind=Effect.Kind.PULL_REQUEST, done_at__gte=since, **chosen)
    start = Coalesce(f"{session}issue_created_at", f"{session}created_at")
    keys = (f"{session}project_id", Day("done_at"))
    times = rows.order_by(*keys if in_order else ()).values_list(*keys, Seconds("done_at", start))
    return ("seconds",), times.iterator(CHUNK)
