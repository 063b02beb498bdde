"""What the checks said, attempt by attempt, newest first: verdict, command, output, and what was not checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db.models.functions import Length, Right
from django.http import HttpRequest

from automation.pages.query import Query
from automation.pages.session_paging import before
from automation.pages.standing import Standing
from automation.rendering.plain import plain
from automation.templatetags.lines import line
from issues.models import Attempt, IssueSession
from projects.amounts import exact_span
from verification.models import VerificationResult
from verification.report import FAULTS

PAGE = 40
TAIL = 12_000  # characters of one output
COMMAND_BYTES = 2_000
VERDICTS = {
    True: Standing("Passed", "✓", "success"),
    False: Standing("Failed", "✕", "danger"),
    None: Standing("Not checked", "–", "neutral"),
}
FAULTY = Standing("Environment", "!", "warn")


@dataclass(frozen=True)
class Check:
    row: VerificationResult
    name: str
    verdict: Standing
    command: str
    duration: str
    output: str
    is_cut: bool
    remedy: str


@dataclass
class Group:
    """The results of one attempt on one commit, in the order they ran; without an attempt, of a check by hand."""

    attempt: Attempt | None
    head_sha: str
    checks: list[Check] = field(default_factory=list)


def context(request: HttpRequest, session: IssueSession) -> dict[str, Any]:
    Query(request, "tab", "before")
    cursor = before(request)
    rows = VerificationResult.objects.filter(issue_session=session).order_by("-id")
    if cursor is not None:
        rows = rows.filter(pk__lt=cursor)
    rows = rows.select_related("attempt").defer("output", "attempt__prompt", "attempt__summary")
    found = list(rows.annotate(tail=Right("output", TAIL), length=Length("output"))[: PAGE + 1])
    groups: list[Group] = []
    for row in found[:PAGE]:
        if not groups or (groups[-1].attempt, groups[-1].head_sha) != (row.attempt, row.head_sha):
            groups.append(Group(row.attempt, row.head_sha))
        groups[-1].checks.insert(0, _check(row))
    return {
        "groups": groups,
        "older": found[PAGE - 1].pk if len(found) > PAGE else None,
        "is_first_page": cursor is None,
    }


def _check(row: VerificationResult) -> Check:
    tail, length = getattr(row, "tail", "") or "", getattr(row, "length", 0) or 0
    return Check(
        row=row,
        name=row.name or row.get_check_type_display(),
        verdict=FAULTY if row.fault else VERDICTS[row.passed],
        command=plain(row.command, limit=COMMAND_BYTES),
        duration=exact_span(row.duration_ms),
        output=plain(tail, limit=2 * TAIL).strip("\n"),
        is_cut=length > TAIL,
        remedy=FAULTS.get(row.fault, "").format(name=line(row.name)) if row.fault else "",
    )
