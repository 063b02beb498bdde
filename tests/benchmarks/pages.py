"""Projects page, board and the API's list of sessions with 100 projects and 100,000 sessions: time and queries.

The floor is the same page with a hundredth of the sessions: what it costs must not grow with the rows.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from issues.models import IssueSession
from issues.states import Status
from projects.models import Project
from tests.benchmarks.figures import Figure
from tests.benchmarks.filling import ago, create_projects, fill, one_of, superuser

FEW, MANY = 1_000, 100_000
TRIES = 3
MOST_QUERIES = 15
Views = dict[str, Callable[[], None]]


def measure() -> list[Figure]:
    first, *_ = create_projects()
    views = _views(first)
    _fill(1, FEW)
    few = {name: (_milliseconds(view), _queries(view)) for name, view in views.items()}
    _fill(FEW + 1, MANY)
    figures = []
    for name, view in views.items():
        figures.append(Figure(name, _milliseconds(view), "ms", few[name][0]))
        goal = f"value at most {MOST_QUERIES}" if name.startswith("API") else "ratio at most 1"
        figures.append(Figure(f"{name}: queries", _queries(view), "", few[name][1], goal))
    return figures


def _views(project_pk: int) -> Views:
    client = Client(HTTP_HOST="127.0.0.1")
    client.force_login(superuser())

    def getting(path: str) -> Callable[[], None]:
        def get() -> None:
            answer: Any = client.get(path)
            assert answer.status_code == 200, (path, answer.status_code)

        return get

    return {
        "Projects page": getting(reverse("admin:index")),
        "board": getting(reverse("admin:board", args=[project_pk])),
        "board, failed": getting(reverse("admin:board", args=[project_pk]) + "?status=failed"),
        "API, sessions": getting("/api/issue-sessions"),
    }


def _fill(start: int, end: int) -> None:
    low, count = Project.objects.order_by("id").values_list("pk", flat=True)[0], Project.objects.count()
    past = ago(f"({MANY} - i) * 300")
    number = f"(i + {start - 1})"
    fill(
        IssueSession,
        end - start + 1,
        project=f"{low} + (i %% {count})",
        public_id=f"'p' || {number}",
        github_issue_number=number,
        github_issue_title=f"'Issue number ' || {number}",
        status=one_of(*Status.values),
        created_at=past,
        started_at=past,
    )


def _milliseconds(view: Callable[[], None]) -> float:
    """The best of a few, warm."""
    view()
    taken = []
    for _ in range(TRIES):
        began = time.perf_counter()
        view()
        taken.append(time.perf_counter() - began)
    return min(taken) * 1000


def _queries(view: Callable[[], None]) -> int:
    with CaptureQueriesContext(connection) as captured:
        view()
    return len(captured)
