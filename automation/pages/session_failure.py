"""Why the last attempt of a session failed: the failing check with the end of its output, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models.functions import Right
from git import GitError

from automation.attempts import last_head
from automation.briefing import told_of_failure
from automation.follow import PR_CLOSED
from automation.rendering.plain import last_lines, plain
from automation.templatetags.lines import line
from issues.models import Attempt, IssueSession
from issues.states import Status
from projects.errors import OperatorError
from projects.workspace.history import reading
from verification.models import VerificationResult
from verification.report import FAULTS

SHOWN_IN = (Status.IN_PROGRESS, Status.VERIFYING, Status.NEEDS_REVIEW, Status.FAILED)
LOOKED_AT = 100  # results
TAIL = 40_000  # characters, of which the last lines are shown
LINES = 30
TOLD_BYTES = 40_000
COMMAND_BYTES = 2_000
AFRESH = (
    "A retry opens a new round: the agent begins again from the issue's text and the present base branch, "
    "and is told nothing of these attempts. Make the issue or the checks clearer first."
)

TOLD = (
    "The attempt after it is told what failed, with the end of the output, and what is on the branch already."
)


@dataclass(frozen=True)
class Failure:
    """`check` is None when the attempt failed before any check; then `message` says why."""

    attempt: Attempt
    check: VerificationResult | None
    command: str
    output: str
    remedy: str
    others: tuple[str, ...]
    message: str
    told_title: str
    told: str
    next_note: str


def failure_of(session: IssueSession) -> Failure | None:
    """None as well when the newest attempt that was judged passed its checks, whatever ended the session then."""
    if session.status not in SHOWN_IN or session.reason == PR_CLOSED:
        return None
    counted = session.attempt_rows.filter(round=session.round, counted=True).defer("prompt").first()
    checked = _newest_checks(session)
    judged = [row.attempt for row in checked[:1]] + [counted]
    attempt = max(filter(None, judged), key=lambda row: row.number, default=None)
    failed = [row for row in checked if row.passed is False and row.attempt == attempt]
    if attempt is None or (checked and checked[0].attempt == attempt and not failed):
        return None
    check = failed[0] if failed else None
    title, told = _told(session, counted)
    return Failure(
        attempt=attempt,
        check=check,
        command=plain(check.command, limit=COMMAND_BYTES) if check else "",
        output=_tail(check) if check else "",
        remedy=_remedy(check),
        others=tuple(row.name or row.check_type for row in failed[1:]),
        message=plain(attempt.message, limit=COMMAND_BYTES),
        told_title=title,
        told=told,
        next_note=AFRESH if session.status == Status.FAILED else TOLD if told else "",
    )


def _newest_checks(session: IssueSession) -> list[VerificationResult]:
    """The newest of each check of this round's newest attempt that was checked, in the order the checks ran."""
    rows = VerificationResult.objects.filter(issue_session=session, attempt__round=session.round)
    rows = rows.select_related("attempt").defer("output", "attempt__prompt").order_by("-id")
    newest: dict[tuple[str, str], VerificationResult] = {}
    for row in rows[:LOOKED_AT]:
        first = next(iter(newest.values()), row)
        if row.attempt_id == first.attempt_id:
            newest.setdefault((row.check_type, row.name), row)
    return sorted(newest.values(), key=lambda row: row.pk)


def _tail(check: VerificationResult) -> str:
    rows = VerificationResult.objects.filter(pk=check.pk).annotate(tail=Right("output", TAIL))
    return last_lines(rows.values_list("tail", flat=True).first() or "", count=LINES)


def _remedy(check: VerificationResult | None) -> str:
    if check is None or not check.fault:
        return ""
    sentence = FAULTS.get(check.fault, "This is the environment's fault, not the commit's.")
    return sentence.format(name=line(check.name))


def _told(session: IssueSession, counted: Attempt | None) -> tuple[str, str]:
    """The words of the prompt that follows a failure, and whose they are."""
    if counted is None or not session.attempts or session.status == Status.FAILED:
        return "", ""
    head_sha = last_head(session)
    try:
        with reading(session.project.mirror_path) as history:
            told = told_of_failure(session, history, head_sha=head_sha)
    except (OperatorError, GitError, ValueError):
        told = told_of_failure(session, None, head_sha=head_sha)
    present = session.session
    title = "What the next attempt will be told"
    if present is not None and present.number > counted.number:
        title = f"What attempt {present.number} was told"
    return title, plain(told, limit=TOLD_BYTES)
