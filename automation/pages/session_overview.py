"""The overview of a session: why it failed, waits or stands still, then the issue and the facts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from automation.explain import why_waiting
from automation.pages.query import Query
from automation.pages.session_failure import failure_of
from automation.reasons import reason_of
from automation.rendering.markdown import to_html
from automation.rendering.plain import plain
from automation.templatetags.lines import line
from issues import trust
from issues.models import IssueSession
from issues.states import Status, Step
from projects.models import Project
from projects.redaction import redact

DETAIL_BYTES = 6_000
SKIPPED = {
    "skip_label": "It has a label that the project skips.",
    "filtered": "It does not match the project's filter any more.",
    "issue_closed": "The issue was closed on GitHub.",
    "skipped_by_person": "A person skipped it.",
}

AT_WORK: dict[str, str] = {
    Step.PREPARE: "A worker is at it: it prepares the branch.",
    Step.WORK: "A worker is at it: the agent works on the issue. The Log tab shows what it does.",
    Step.VERIFY: "A worker is at it: the checks run on what the agent committed.",
    Step.PUBLISH: "A worker is at it: it pushes the branch and opens the pull request.",
}


@dataclass(frozen=True)
class Callout:
    """The first thing on the page. `detail` comes from outside; `asks` is set where a person must act."""

    tone: str
    title: str
    sentences: tuple[str, ...] = ()
    detail: str = ""
    asks: bool = False


@dataclass(frozen=True)
class Sha:
    """A commit; `url` is empty while GitHub does not have it."""

    name: str
    text: str
    url: str


def context(request: HttpRequest, session: IssueSession) -> dict[str, Any]:
    Query(request, "tab")
    return {
        "callout": callout(session),
        "failure": failure_of(session),
        "issue_html": to_html(redact(session.github_issue_body)),
        "author_words": trust.IN_WORDS.get(session.issue_author_association, ""),
        "labels": session.github_issue_labels[:100],
        "shas": shas(session, session.project),
        "review_reason": plain(session.manual_review_reason, limit=DETAIL_BYTES),
    }


def callout(session: IssueSession) -> Callout:
    detail = plain(session.last_error, limit=DETAIL_BYTES)
    reason = reason_of(session)
    match session.status:
        case Status.FAILED if session.reason == "pr_closed":
            pr = f"Pull request #{session.pr_number} was closed without a merge."
            return Callout("danger", pr, ("Retry to have the work done again in a new round.",))
        case Status.FAILED:
            return Callout("danger", reason.text, (reason.remedy,), detail)
        case Status.NEEDS_REVIEW:
            return Callout("warn", reason.text, (reason.remedy,), detail, asks=True)
        case Status.COMPLETED:
            return Callout("success", _merged(session))
        case Status.SKIPPED:
            said = SKIPPED.get(session.reason, "It is left alone.")
            return Callout("", said, ("Start it to have it worked on all the same.",), detail)
        case Status.PR_CREATED:
            return _published(session, detail)
    return _at_work(session, detail)


def _published(session: IssueSession, detail: str) -> Callout:
    waits = why_waiting(session, timezone.now())
    if session.pr_review == "changes_requested":
        return Callout("warn", "A reviewer asks for changes.", (waits,), detail)
    if session.pr_checks == "failure":
        return Callout("warn", "Checks fail on GitHub.", (waits,), detail)
    return Callout("warn" if detail else "success", waits, (), detail)


def _at_work(session: IssueSession, detail: str) -> Callout:
    now = timezone.now()
    waits = why_waiting(session, now)
    if session.requested_verb:
        asked = f"{line(session.requested_by)} has asked to {session.requested_verb} it."
        return Callout("warn", asked, ("Its worker ends the work first.",), detail)
    if not waits:
        return Callout("", AT_WORK.get(session.step, "A worker is at it."))
    if session.is_parked(now):
        reason = reason_of(session)
        return Callout("warn", reason.text, (waits, reason.remedy), detail)
    return Callout("", waits, (), detail)


def _merged(session: IssueSession) -> str:
    by = f" by {line(session.merged_by)}" if session.merged_by else ""
    also = " It holds commits that are not ours." if session.foreign_commits else ""
    return f"Pull request #{session.pr_number} was merged{by}.{also}"


def shas(session: IssueSession, project: Project) -> list[Sha]:
    """Only what GitHub has been given is linked there."""
    rows = [("Base", session.base_sha), ("Head", session.head_sha), ("Merge", session.merge_sha)]
    return [
        Sha(name, sha[:10], f"{project.web_url}/commit/{sha}" if _is_there(session, name) else "")
        for name, sha in rows
        if sha
    ]


def _is_there(session: IssueSession, name: str) -> bool:
    return name != "Head" or session.head_sha == session.pushed_sha
