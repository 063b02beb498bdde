"""The attempts of a session side by side: outcome, time, cost, checks and size of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.http import Http404, HttpRequest

from automation.pages.query import Query
from automation.rendering.plain import plain
from issues.models import Attempt, IssueSession
from issues.states import MAX_ATTEMPTS
from projects.errors import OperatorError
from projects.models import Project
from projects.workspace.history import Size, reading
from verification.models import VerificationResult

PAGE = 50
MESSAGE_BYTES = 2_000
SUMMARY_BYTES = 6_000
PROMPT_BYTES = 200_000


@dataclass(frozen=True)
class Row:
    attempt: Attempt
    duration: timedelta | None
    message: str
    summary: str
    passed: int
    failed: int
    unchecked: int
    size: Size | None


def context(request: HttpRequest, session: IssueSession) -> dict[str, Any]:
    query = Query(request, "tab", "prompt", "before")
    if request.GET.get("prompt"):
        return {"prompt_of": _prompt(session, query.number("prompt", default=1))}
    rows = session.attempt_rows.defer("prompt").order_by("-number")
    if request.GET.get("before"):
        rows = rows.filter(number__lt=query.number("before", default=1))
    found = list(rows[: PAGE + 1])
    shown = found[:PAGE]
    return {
        "rows": _rows(session, shown),
        "most_tries": MAX_ATTEMPTS,
        "older": shown[-1].number if len(found) > PAGE else None,
        "is_first_page": not request.GET.get("before"),
    }


def _rows(session: IssueSession, attempts: Sequence[Attempt]) -> list[Row]:
    checks, sizes = _checks(attempts), _sizes(session.project, attempts)
    return [
        Row(
            attempt,
            attempt.ended_at - attempt.started_at if attempt.ended_at else None,
            plain(attempt.message, limit=MESSAGE_BYTES),
            plain(attempt.summary, limit=SUMMARY_BYTES),
            passed=checks[attempt.pk, True],
            failed=checks[attempt.pk, False],
            unchecked=checks[attempt.pk, None],
            size=sizes.get(attempt.head_sha),
        )
        for attempt in attempts
    ]


def _checks(attempts: Sequence[Attempt]) -> Counter[tuple[int, bool | None]]:
    """How many checks ended how, by the newest result of each check."""
    rows = VerificationResult.objects.filter(attempt__in=[attempt.pk for attempt in attempts])
    values = rows.order_by("id").values_list("attempt_id", "check_type", "name", "passed")
    newest = {(attempt, kind, name): passed for attempt, kind, name, passed in values if attempt is not None}
    return Counter((attempt, passed) for (attempt, _, _), passed in newest.items())


def _sizes(project: Project, attempts: Sequence[Attempt]) -> dict[str, Size]:
    """Empty where the mirror is not on this host."""
    pairs = [(attempt.base_sha, attempt.head_sha) for attempt in attempts if attempt.head_sha]
    try:
        with reading(project.mirror_path) as history:
            return history.sizes(pairs)
    except OperatorError:
        return {}


def _prompt(session: IssueSession, number: int) -> dict[str, Any]:
    attempt = session.attempt_rows.filter(number=number).first()
    if attempt is None:
        raise Http404
    return {"number": attempt.number, "text": plain(attempt.prompt, limit=PROMPT_BYTES)}
