"""The Analytics page: how well the work goes, per project and week, each number with its formula and its rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from automation.figures import days_ago, figures, percent
from automation.measures import By, Measures, measure, measure_each
from automation.pages.charts import Chart, Column, draw
from automation.pages.page import Route, render
from automation.pages.query import Query
from projects.amounts import span, usd
from projects.export import safe_cell
from projects.models import Project

PERIODS = ("30", "90", "365")
HEADS = (
    "Issues ended",
    "Issues fixed",
    "Fix rate",
    "First-attempt success",
    "Pull requests",
    "Time to fix, median",
    "Time to fix, 90 %",
    "Verification pass rate",
    "PR merge rate",
    "Cost",
)
CSV_HEADS = (
    "project",
    "week",
    "issues_ended",
    "issues_fixed",
    "fixed_at_first_attempt",
    "pull_requests",
    "median_hours_to_fix",
    "ninety_percent_hours_to_fix",
    "attempts_checked",
    "attempts_passed",
    "pull_requests_decided",
    "pull_requests_merged_unchanged",
    "cost_usd",
    "attempts_without_price",
)


@dataclass(frozen=True)
class Line:
    name: str
    url: str
    cells: tuple[tuple[str, str], ...]  # each with its head


@require_safe
def analytics(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    days, project, projects, names = _asked(request)
    since = days_ago(days)
    in_all, weeks, by_project = measure_each(projects, since, By.NOTHING, By.WEEK, By.PROJECT)
    by_project = {} if project else by_project
    query = {"days": str(days)} | ({"project": str(project.pk)} if project else {})
    return render(
        request,
        "automation/analytics.html",
        title="Analytics",
        figures=figures(in_all[0], since, project),
        since=since,
        days=str(days),
        periods=PERIODS,
        project=project,
        project_choices=sorted(((str(pk), name) for pk, name in names.items()), key=lambda row: row[1]),
        heads=HEADS,
        weeks=[_week(monday, weeks.get(monday), project) for monday in reversed(_mondays(since))],
        projects=[_project(pk, names[int(str(pk))], found, days) for pk, found in _busiest(by_project)],
        charts=_charts(since, weeks),
        has_rows=bool(weeks),
        csv_url=f"{reverse('admin:analytics-csv')}?{urlencode(query)}",
    )


@require_safe
def analytics_csv(request: HttpRequest, **kwargs: Any) -> StreamingHttpResponse:
    """Project by project, so that memory and the longest query stay those of one project."""
    days, _, projects, names = _asked(request)
    chosen = list(projects.order_by("name", "pk").values_list("pk", flat=True))
    answer = StreamingHttpResponse(
        _csv_lines([(pk, names[pk]) for pk in chosen], days_ago(days)), content_type="text/csv; charset=utf-8"
    )
    answer["Content-Disposition"] = f'attachment; filename="analytics-{days}-days.csv"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


def _asked(request: HttpRequest) -> tuple[int, Project | None, QuerySet[Project], dict[int, str]]:
    query = Query(request, "days", "project")
    visible = Project.objects.visible_to(request.user)
    names = dict(visible.values_list("pk", "name"))
    days = int(query.choice("days", PERIODS, default=PERIODS[0]))
    chosen = query.choice("project", [str(pk) for pk in names])
    project = visible.get(pk=chosen) if chosen else None
    return days, project, visible.filter(pk=project.pk) if project else visible, names


def _mondays(since: datetime) -> list[date]:
    first = since.date() - timedelta(days=since.weekday())
    today = timezone.now().astimezone(UTC).date()
    return [first + timedelta(weeks=week) for week in range((today - first).days // 7 + 1)]


def _week(monday: date, found: Measures | None, project: Project | None) -> Line:
    """Only the sessions of this week behind its link; an empty week has none."""
    if found is None:
        return Line(f"{monday}", "", _cells(Measures()))
    start = datetime(monday.year, monday.month, monday.day, tzinfo=UTC)
    period = {"completed_at__gte": start, "completed_at__lt": start + timedelta(weeks=1)}
    query = {name: moment.isoformat() for name, moment in period.items()} | {"status__in": "completed,failed"}
    if project:
        query["project"] = str(project.pk)
    url = f"{reverse('admin:issues_issuesession_changelist')}?{urlencode(query)}"
    return Line(f"{monday}", url, _cells(found))


def _project(pk: object, name: str, found: Measures, days: int) -> Line:
    url = f"{reverse('admin:analytics')}?{urlencode({'project': str(pk), 'days': str(days)})}"
    return Line(name, url, _cells(found))


def _busiest(by_project: dict[Any, Measures]) -> list[tuple[Any, Measures]]:
    return sorted(by_project.items(), key=lambda item: (-item[1].ended, item[0]))


def _cells(found: Measures) -> tuple[tuple[str, str], ...]:
    values = (
        f"{found.ended:,}",
        f"{found.fixed:,}",
        percent(found.fix_rate),
        percent(found.first_attempt_success),
        f"{found.pull_requests:,}",
        span(found.median_time),
        span(found.slow_time),
        percent(found.verification_pass_rate),
        percent(found.merge_rate),
        usd(found.cost),
    )
    return tuple(zip(HEADS, values, strict=True))


def _charts(since: datetime, weeks: dict[Any, Measures]) -> list[Chart]:
    mondays = _mondays(since)
    ended = [_ended_column(monday, weeks.get(monday, Measures())) for monday in mondays]
    cost = [_cost_column(monday, weeks.get(monday, Measures())) for monday in mondays]
    charts = (draw("Issues fixed and failed per week", ended), draw("Cost per week", cost, unit="$ "))
    return [chart for chart in charts if chart is not None]


def _ended_column(monday: date, found: Measures) -> Column:
    failed = found.ended - found.fixed
    words = f"Week of {monday}: {found.fixed} fixed, {failed} failed"
    return Column(f"{monday:%d %b}", ((found.fixed, "fixed", words), (failed, "failed", words)))


def _cost_column(monday: date, found: Measures) -> Column:
    cost = float(found.cost or 0)
    return Column(f"{monday:%d %b}", ((cost, "cost", f"Week of {monday}: {usd(found.cost)}"),))


def _csv_lines(projects: list[tuple[int, str]], since: datetime) -> Iterator[str]:
    yield _csv_line(CSV_HEADS)
    for pk, name in projects:
        weeks: dict[Any, Measures] = measure(Project.objects.filter(pk=pk), since, By.WEEK)
        for monday in sorted(weeks):
            yield _csv_line((name, f"{monday}", *_numbers(weeks[monday])))


def _numbers(found: Measures) -> tuple[object, ...]:
    return (
        found.ended,
        found.fixed,
        found.first_try,
        found.pull_requests,
        _hours(found.median_time),
        _hours(found.slow_time),
        found.checked,
        found.checked - found.rejected,
        found.decided,
        found.merged_unchanged,
        "" if found.cost is None else f"{found.cost:.4f}",
        found.unpriced,
    )


def _hours(length: timedelta | None) -> object:
    return "" if length is None else round(length.total_seconds() / 3600, 2)


def _csv_line(cells: tuple[object, ...]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow([safe_cell(cell) for cell in cells])
    return buffer.getvalue()


ROUTES: list[Route] = [
    ("analytics/", analytics, "analytics"),
    ("analytics/weeks.csv", analytics_csv, "analytics-csv"),
]
