"""Lists of the admin at a million rows: ours beside a stock ModelAdmin's page on the same table in the same run.

Stock pages are measured without our indexes where it is about what an index gives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib import admin
from django.contrib.admin import ModelAdmin, ShowFacets
from django.contrib.messages.storage.cookie import CookieStorage
from django.db import connection
from django.test import RequestFactory

from issues.models import IssueSession, SessionEvent
from issues.states import Status
from tests.benchmarks.figures import Figure, Goal
from tests.benchmarks.filling import ago, create_projects, fill, manager_of, one_of, superuser, true_where
from tests.benchmarks.viewing import milliseconds, queries
from verification.models import VerificationResult

ROWS = 1_000_000
SECONDS_APART = 31  # so that the rows span a year
OWN_PROJECTS = 3
FIFTH = Goal("ratio", 0.2)
NO_MORE = Goal("ratio", 1)


class StockSessions(ModelAdmin):
    list_display = ("__str__", "project", "status", "reason", "attempts", "started_at")
    list_filter = ("project", "status")
    search_fields = ("github_issue_title",)


class StockRows(ModelAdmin):
    list_display = ("created_at", "issue_session")
    list_filter: Any = ()
    list_select_related = ("issue_session",)


class StockDates(StockRows):
    date_hierarchy = "created_at"


class StockValues(StockRows):
    list_filter = (("check_type", admin.AllValuesFieldListFilter),)


class StockFacets(StockRows):
    list_filter = ("check_type", "passed")
    show_facets = ShowFacets.ALWAYS


def measure() -> list[Figure]:
    _fill()
    boss = superuser()

    def page(
        model: Any, query: str = "", stock: type[ModelAdmin] | None = None, user: Any = boss
    ) -> Callable[[], None]:
        shown = stock(model, admin.site) if stock else admin.site.get_model_admin(model)

        def view() -> None:
            request = RequestFactory().get(f"/admin/{query}")
            request.user = user
            request._messages = CookieStorage(request)  # type: ignore[attr-defined]
            answer: Any = shown.changelist_view(request)
            assert answer.status_code == 200, answer
            answer.render()

        return view

    pairs = [
        ("sessions", page(IssueSession), page(IssueSession, "", StockSessions), NO_MORE),
        (
            "sessions of a status",
            page(IssueSession, "?status__exact=failed"),
            page(IssueSession, "?status__exact=failed", StockSessions),
            NO_MORE,
        ),
        (
            "sessions, two words searched",
            page(IssueSession, "?q=number+fails"),
            page(IssueSession, "?q=number+fails", StockSessions),
            NO_MORE,
        ),
        (
            "results, filter with values",
            page(VerificationResult, "?since=any&check_type__exact=test"),
            page(VerificationResult, "?check_type=test", StockValues),
            FIFTH if connection.vendor == "sqlite" else NO_MORE,  # PostgreSQL finds the values in 0.2 s
        ),
        ("results, facets", page(VerificationResult), page(VerificationResult, "", StockFacets), FIFTH),
        ("events by date", page(SessionEvent), page(SessionEvent, "", StockDates), FIFTH),
    ]
    own = milliseconds(page(SessionEvent, "?since=any&o=1"))
    with _without_index():
        floor = milliseconds(page(SessionEvent, "?o=1", StockRows))
    figures = [Figure("events in order of date", own, "ms", floor, FIFTH)]
    manager = manager_of(OWN_PROJECTS)
    for name, model in {"sessions": IssueSession, "events": SessionEvent}.items():
        own = milliseconds(page(model, user=manager))
        figures.append(Figure(f"{name}, of a manager of {OWN_PROJECTS} projects", own, "ms"))
    for name, ours, stock, goal in pairs:
        figures.append(Figure(name, milliseconds(ours), "ms", milliseconds(stock), goal))
        figures.append(Figure(f"{name}: queries", queries(ours), "", queries(stock), NO_MORE))
    return figures


def _fill() -> None:
    first, *_, last = create_projects()
    span = last - first + 1
    past = ago(f"({ROWS} - i) * {SECONDS_APART}")
    fill(
        IssueSession,
        ROWS,
        project=f"{first} + (i %% {span})",
        public_id="'p' || i",
        github_issue_number="i",
        github_issue_title="'Issue number ' || i || ' fails'",
        status=one_of(*Status.values),
        created_at=past,
        started_at=past,
    )
    lowest = IssueSession.objects.order_by("id").values_list("pk", flat=True)[0]
    of_session = f"{lowest} + (i - 1)"
    fill(
        SessionEvent,
        ROWS,
        issue_session=of_session,
        created_at=past,
        verb=one_of("moved", "stepped", "queued"),
    )
    fill(
        VerificationResult,
        ROWS,
        issue_session=of_session,
        created_at=past,
        check_type=one_of("test", "lint", "build", "smoke"),
        passed=true_where("i %% 10 > 0"),
    )


@contextmanager
def _without_index() -> Iterator[None]:
    """The table as Django alone would have made it."""
    index = next(index for index in SessionEvent._meta.indexes if index.name == "event_by_date")
    with connection.schema_editor() as editor:
        editor.remove_index(SessionEvent, index)
    try:
        yield
    finally:
        with connection.schema_editor() as editor:
            editor.add_index(SessionEvent, index)
