"""What a listed issue means for its session: take it in, skip it, let it wait for a person, or bring it back."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from issues import complexity, filters, sanitize, transitions, trust, verbs
from issues.models import IssueSession
from issues.states import Status, Step
from issues.transitions import Conflict
from projects.github.payloads import Issue
from projects.models import Project

RETURNING = ("skip_label", "filtered", "issue_closed", "issue_deleted", "issue_transferred")
MESSAGES = {
    "complex": "It looks too complex to begin unasked. Start it, or split the issue into smaller ones."
}
OF_STRANGERS = (trust.UNTRUSTED, trust.EDITED)
REVIEWED_LEVELS = {
    Project.Review.MEDIUM: ("medium", "high"),
    Project.Review.HIGH: ("high",),
    Project.Review.NEVER: (),
}


@dataclass
class Intake:
    """What one page of issues changed."""

    new: int = 0
    changed: int = 0
    skipped: int = 0


def take_in(project: Project, issues: list[Issue]) -> Intake:
    """Store a page of issues. New ones are stored only when they are open and match the project's filter."""
    result = Intake()
    known = {
        session.github_issue_number: session
        for session in project.sessions.filter(github_issue_number__in=[issue.number for issue in issues])
    }
    latest = {issue.number: issue for issue in issues}
    fresh = [
        _new(project, issue)
        for issue in latest.values()
        if issue.number not in known and issue.state == "open" and _matches(project, issue)
    ]
    transitions.create(fresh)
    result.new = len(fresh)
    result.skipped = sum(session.status == Status.SKIPPED for session in fresh)
    for number, session in known.items():
        result.changed += _follow(project, session, latest[number])
    return result


def take_in_anyway(project: Project, issue: Issue) -> IssueSession:
    """Store an issue that a person asks for, also one that the filter leaves out: it is skipped until it is started."""
    session = _new(project, issue)
    transitions.create([session])
    return session


def _new(project: Project, issue: Issue) -> IssueSession:
    session = IssueSession(project=project, github_issue_number=issue.number, **_content(project, issue))
    session.status, session.reason = _placement(project, issue, session.complexity_level)
    session.last_error = MESSAGES.get(session.reason, "")
    return session


def _placement(project: Project, issue: Issue, level: str) -> tuple[Status, str]:
    """Where an issue that no one has started belongs, and why."""
    if issue.state != "open":
        return Status.SKIPPED, "issue_closed"
    if not _matches(project, issue):
        return Status.SKIPPED, "filtered"
    if filters.skip_label(issue.labels, project.skip_labels):
        return Status.SKIPPED, "skip_label"
    if level in REVIEWED_LEVELS[Project.Review(project.review_level)]:
        return Status.NEEDS_REVIEW, "complex"
    return Status.PENDING, ""


def _follow(project: Project, session: IssueSession, issue: Issue) -> bool:
    """Let the row follow GitHub, then move the session where the issue now belongs. True when anything changed."""
    content = _content(project, issue)
    changed = any(getattr(session, name) != value for name, value in content.items())
    if changed:
        transitions.touch(session, **content)
    try:
        with transaction.atomic():
            moved = _replace(project, session, issue)
    except Conflict:
        return changed  # a worker has just moved it: the next sync looks again
    return changed or moved


def _is_publishing(session: IssueSession) -> bool:
    """Its pull request may be there already, even merged: the publish step looks, and decides."""
    return session.status == Status.VERIFYING and session.step == Step.PUBLISH


def _replace(project: Project, session: IssueSession, issue: Issue) -> bool:
    if issue.state != "open":
        if session.status not in verbs.ALLOWED["close"] or session.pr_number or _is_publishing(session):
            return False
        if session.requested_verb != IssueSession.Verb.CLOSE:
            verbs.close(session)
        return True
    status, reason = _placement(project, issue, session.complexity_level)
    if session.status == Status.PENDING and status != Status.PENDING and verbs.is_forced(session):
        return False
    waits = session.status == Status.NEEDS_REVIEW and (
        session.reason == "complex" or status == Status.SKIPPED and session.reason in OF_STRANGERS
    )
    if session.status == Status.PENDING and status == Status.SKIPPED or waits and status != session.status:
        transitions.move(session, status, reason=reason)
        return True
    if session.status == Status.PENDING == status and session.queued_at is not None:
        if (held := trust.held_because(session, project)) is None:
            return False
        transitions.move(session, Status.NEEDS_REVIEW, reason=held[0], message=held[1])
        return True
    by_itself = session.queued_at is None or session.queued_by == transitions.SYSTEM
    if session.status == Status.PENDING and status == Status.NEEDS_REVIEW and by_itself:
        transitions.move(session, status, reason=reason, message=MESSAGES[reason])
        return True
    if session.status == Status.SKIPPED and session.reason in RETURNING and status != Status.SKIPPED:
        verbs.bring_back(session, actor=transitions.SYSTEM, reason="matches_again")
        if status == Status.NEEDS_REVIEW:
            transitions.move(session, status, reason=reason, message=MESSAGES[reason])
        return True
    return False


def _matches(project: Project, issue: Issue) -> bool:
    return filters.matches(
        project.issue_filter, labels=issue.labels, assignees=issue.assignees, milestone=issue.milestone
    )


def _content(project: Project, issue: Issue) -> dict[str, object]:
    """The columns that follow GitHub, cleaned and capped."""
    title, body = sanitize.clean_line(issue.title, limit=512), sanitize.clean(issue.body)
    labels = [sanitize.clean_line(label, limit=100) for label in issue.labels[:100]]
    rating = complexity.score(title, body, labels, complex_labels=tuple(project.complex_labels))
    return {
        "github_issue_title": title,
        "github_issue_body": body,
        "github_issue_labels": labels,
        "issue_state": issue.state,
        "issue_author": issue.author[:100],
        "issue_author_association": issue.author_association[:32],
        "issue_created_at": issue.created_at,
        "issue_updated_at": issue.updated_at,
        "complexity_score": rating.score,
        "complexity_level": rating.level,
        "complexity_reasons": list(rating.reasons),
    }
