"""Pages with 100 projects and 100,000 sessions of a month, each with what a finished one has: time and queries.

The floor is the same page with a hundredth of the rows: what a list costs must not grow with them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.core.cache import cache
from django.test import Client
from django.test.utils import override_settings
from django.urls import reverse

from automation.models import Effect
from issues.models import Attempt, IssueSession, SessionEvent
from issues.states import Status
from projects.models import Project
from tests.benchmarks.figures import Figure, Goal
from tests.benchmarks.filling import ago, create_projects, fill, one_of, superuser, true_where
from tests.benchmarks.log_page import write_log
from tests.benchmarks.viewing import milliseconds, queries
from verification.models import VerificationResult

FEW, MANY = 1_000, 100_000
APART = 25  # seconds, so that the sessions span 29 days
RESULTS, EVENTS = 3, 4
NO_MORE_QUERIES = Goal("ratio", 1)
MILLISECONDS = {
    "Projects page, figures counted anew": 3_000,
    "Projects page": 600,
    "Analytics": 3_000,
    "Attention": 600,
}
QUERIES = {"API, sessions": Goal("value", 15)}
Views = dict[str, Callable[[], None]]


def measure() -> list[Figure]:
    create_projects()
    with (
        TemporaryDirectory(prefix="autowrkers-bench-") as name,
        override_settings(AUTOWRKERS_LOG_ROOT=Path(name)),
    ):
        _fill(1, FEW)
        write_log(Attempt.objects.earliest("id").transcript_path)
        views = _views()
        few = {name: (milliseconds(view), queries(view)) for name, view in views.items()}
        _fill(FEW + 1, MANY)
        return [figure for name in views for figure in _figures(name, views[name], *few[name])]


def _figures(name: str, view: Callable[[], None], floor: float, few: int) -> list[Figure]:
    goal = Goal("value", MILLISECONDS[name]) if name in MILLISECONDS else None
    return [
        Figure(name, milliseconds(view), "ms", floor, goal),
        Figure(f"{name}: queries", queries(view), "", few, QUERIES.get(name, NO_MORE_QUERIES)),
    ]


def _views() -> Views:
    client = Client(HTTP_HOST="127.0.0.1")
    client.force_login(superuser())
    board = reverse("admin:board", args=[Project.objects.earliest("id").pk])
    session = reverse("admin:session", args=[IssueSession.objects.earliest("id").pk])

    def getting(path: str, *, cold: bool = False) -> Callable[[], None]:
        def get() -> None:
            if cold:
                cache.clear()
            answer: Any = client.get(path)
            assert answer.status_code == 200, (path, answer.status_code)

        return get

    return {
        "Projects page, figures counted anew": getting(reverse("admin:index"), cold=True),
        "Projects page": getting(reverse("admin:index")),
        "Analytics": getting(reverse("admin:analytics")),
        "Attention": getting(reverse("admin:attention")),
        "board": getting(board),
        "board, failed": getting(f"{board}?status=failed"),
        "session, log of 50 MB": getting(f"{session}?tab=log"),
        "API, sessions": getting("/api/issue-sessions"),
    }


def _fill(start: int, end: int) -> None:
    """Sessions `start` to `end`, each with an attempt, its checks, its events and its pull request."""
    low, count = Project.objects.earliest("id").pk, Project.objects.count()
    number = f"(i + {start - 1})"
    past = ago(f"({MANY} - {number}) * {APART}")
    fill(
        IssueSession,
        end - start + 1,
        project=f"{low} + (i %% {count})",
        public_id=f"'p' || {number}",
        github_issue_number=number,
        github_issue_title=f"'Issue number ' || {number}",
        status=one_of(*Status.values),
        pr_number=number,
        pr_state=one_of("merged", "merged", "closed", "open"),
        foreign_commits=true_where("i %% 7 = 0"),
        issue_created_at=ago(f"({MANY} - {number}) * {APART} + i %% 90000"),
        created_at=past,
        started_at=past,
        completed_at=past,
    )
    session = f"{IssueSession.objects.earliest('id').pk - 1} + {number}"
    fill(
        Attempt,
        end - start + 1,
        issue_session=session,
        number="1",
        round="1",
        kind="'first'",
        prompt="'Mend the list of totals. ' || i",
        agent="'claude_code'",
        outcome="'done'",
        cost_usd="0.25",
        started_at=past,
        ended_at=past,
    )
    _fill_history(start, end)


def _fill_history(start: int, end: int) -> None:
    count = end - start + 1
    sessions, attempts = (model.objects.earliest("id").pk - 1 for model in (IssueSession, Attempt))

    def nth(each: int) -> str:
        return f"((i - 1) / {each} + {start})"

    fill(
        VerificationResult,
        count * RESULTS,
        issue_session=f"{sessions} + {nth(RESULTS)}",
        attempt=f"{attempts} + {nth(RESULTS)}",
        created_at=ago(f"({MANY} - {nth(RESULTS)}) * {APART}"),
        check_type=one_of("lint", "type_check", "test"),
        name=one_of("lint", "type_check", "test"),
        passed=true_where("i %% 10 > 0"),
        output="'3 passed'",
    )
    fill(
        SessionEvent,
        count * EVENTS,
        issue_session=f"{sessions} + {nth(EVENTS)}",
        created_at=ago(f"({MANY} - {nth(EVENTS)}) * {APART}"),
        verb=one_of("queued", "moved", "noted", "moved"),
    )
    past = ago(f"({MANY} - {nth(1)}) * {APART}")
    fill(
        Effect,
        count,
        issue_session=f"{sessions} + {nth(1)}",
        round="1",
        kind="'pull_request'",
        created_at=past,
        done_at=past,
    )
