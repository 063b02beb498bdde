"""Following pull requests: what GitHub says about ours decides the session."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Case, Q, Value, When

from automation import effects
from automation.models import Effect
from issues import transitions
from issues.models import IssueSession
from issues.states import Status, Step
from issues.sync import identify
from projects.errors import AutowrkersError
from projects.github.client import GitHubClient
from projects.github.errors import Forbidden, Gone, Moved, NotFound, ValidationFailed
from projects.github.payloads import PullRequestStatus
from projects.leases import Lease
from projects.models import Project

logger = logging.getLogger(__name__)
OPEN_INTERVAL = timedelta(seconds=60)
CLOSED_INTERVAL = timedelta(minutes=10)
UNREADABLE = (NotFound, Gone, Moved, ValidationFailed)
CLOSED_FOR = timedelta(days=30)
CLOSING = Effect.Kind.CLOSE_ISSUE
REFUSED_WAIT = timedelta(hours=1)
PR_CLOSED, TAKEN_OVER = "pr_closed", "taken_over"
BATCH = 25


def due(project: Project, now: datetime, *, at_once: bool, woken: Collection[int] = ()) -> list[IssueSession]:
    """Sessions whose pull request has not been looked at for a while (or at all), the longest waiting first.

    `woken`: sessions that a webhook told of; they are due however lately they were looked at, and come first.
    """
    followed = Q(status=Status.PR_CREATED) | Q(status=Status.NEEDS_REVIEW, step=Step.FOLLOW)
    closed = Q(status=Status.FAILED, reason=PR_CLOSED, completed_at__gt=now - CLOSED_FOR)
    waiting = followed & _not_since(OPEN_INTERVAL, now) | closed & _not_since(CLOSED_INTERVAL, now)
    waiting = followed | closed if at_once else waiting | (followed | closed) & Q(pk__in=woken)
    first = Case(When(pk__in=woken, then=0), default=1) if woken else Value(0)
    sessions = project.sessions.filter(waiting, pr_number__isnull=False).order_by(first, "followed_at", "id")
    pks = list(sessions.values_list("pk", flat=True)[: BATCH + len(woken)])
    return list(sessions.filter(pk__in=pks).select_related("project")) if pks else []


def follow(session: IssueSession, client: GitHubClient, now: datetime, *, lease: Lease) -> None:
    """Ask GitHub about the pull request and move the session accordingly. `lease`: on its project."""
    assert session.pr_number is not None  # noqa: S101 - `due` selects by it
    answer = client.get_pr_status(session.project.github_repo, session.pr_number)
    seen: dict[str, Any] = {
        "pr_state": answer.state,
        "pr_checks": answer.checks,
        "pr_review": answer.review,
        "followed_at": now,
    }
    if session.status == Status.NEEDS_REVIEW and answer.state in ("merged", "closed"):
        transitions.move(session, Status.PR_CREATED, reason="pr_decided")
    if answer.state == "merged":
        _complete(session, client, answer, seen, lease)
    elif answer.state == "closed" and session.status == Status.PR_CREATED:
        transitions.move(
            session,
            Status.FAILED,
            reason=PR_CLOSED,
            completed_at=now,
            message="The pull request was closed without a merge.",
            **seen,
        )
    elif answer.state in ("open", "draft") and session.status == Status.FAILED:
        transitions.move(session, Status.PR_CREATED, reason="pr_reopened", completed_at=None, **seen)
    elif session.status == Status.PR_CREATED and _is_news_of_others(session, answer):
        head = {"head_sha": answer.pr.head_sha}
        transitions.stay(session, "followed", reason=TAKEN_OVER, evidence=head, foreign_commits=True, **seen)
    elif session.status == Status.PR_CREATED and session.last_error:
        transitions.stay(session, "followed", reason="readable_again", **seen)
    elif any(getattr(session, name) != value for name, value in seen.items() if name != "followed_at"):
        transitions.stay(session, "followed", reason=session.reason, message=session.last_error, **seen)
    else:
        IssueSession.objects.filter(pk=session.pk).update(followed_at=now)


def _is_news_of_others(session: IssueSession, answer: PullRequestStatus) -> bool:
    """Somebody else's commits are on the branch, and nobody has said so yet. They are never overwritten."""
    return answer.pr.head_sha != session.pushed_sha != "" and not session.foreign_commits


def note_unreadable(session: IssueSession, error: AutowrkersError, now: datetime) -> None:
    """This one pull request cannot be followed now: say so on its session, so that the others are not kept waiting."""
    if session.status != Status.PR_CREATED or session.last_error == str(error):
        IssueSession.objects.filter(pk=session.pk).update(followed_at=now)
    else:
        transitions.stay(session, "followed", reason=error.code, message=str(error), followed_at=now)


def _complete(
    session: IssueSession,
    client: GitHubClient,
    answer: PullRequestStatus,
    seen: dict[str, Any],
    lease: Lease,
) -> None:
    pr, closes_by_itself = answer.pr, _closes_by_itself(session, client, answer.pr.base_ref)
    if session.status == Status.FAILED:
        transitions.move(session, Status.PR_CREATED, reason="pr_decided")
    with transaction.atomic():
        transitions.move(
            session,
            Status.COMPLETED,
            reason="merged",
            completed_at=pr.merged_at,
            merged_at=pr.merged_at,
            merged_by=pr.merged_by or "",
            merge_sha=pr.merge_commit_sha or "",
            foreign_commits=pr.head_sha != session.pushed_sha,
            evidence={"merge_sha": pr.merge_commit_sha, "head_sha": pr.head_sha},
            **seen,
        )
        if not closes_by_itself:
            effects.plan(session, CLOSING, lease=lease)
    if not closes_by_itself:
        _close_issue(session, client, lease)


def close_issues(
    project: Project, client: GitHubClient, may_go_on: Callable[[], bool], *, lease: Lease
) -> None:
    """Close what could not be closed when it was due. `lease`: on the project."""
    owed = effects.unfinished(project, CLOSING, status=Status.COMPLETED, limit=BATCH)
    if owed:
        identify(project, client)
    for effect in owed:
        if may_go_on():
            _close_issue(effect.issue_session, client, lease)


def _closes_by_itself(session: IssueSession, client: GitHubClient, base: str) -> bool:
    """GitHub closes an issue only on a merge into its own default branch: elsewhere we do."""
    return client.get_repository(session.project.github_repo).default_branch == base


def _close_issue(session: IssueSession, client: GitHubClient, lease: Lease) -> None:
    """Once, unless GitHub refuses it for good. A token's permissions may be mended, and nobody else waits for that."""
    repo, number = session.project.github_repo, session.github_issue_number

    def find() -> effects.Facts | None:
        try:
            issue = client.get_issue(repo, number)
        except (Gone, Moved, NotFound) as error:
            client.get_repository(repo)  # raises when it is not the issue that is lost
            return {"not_closed": str(error)}
        if issue.state_reason == "reopened" and _may_have_closed(session):
            return {"not_closed": "Somebody has opened it again."}
        return {"state": issue.state} if issue.state == "closed" else None

    def act() -> effects.Facts:
        client.close_issue(repo, number)
        return {"state": "closed"}

    try:
        effects.perform(session, CLOSING, lease=lease, find=find, act=act)
    except (Forbidden, NotFound) as error:
        logger.warning("session=%s outcome=closing_refused %s", session.pk, error)
        effects.postpone(session, CLOSING, lease=lease, wait=REFUSED_WAIT)
    except (Gone, Moved, ValidationFailed) as error:
        effects.settle(session, CLOSING, lease=lease, facts={"not_closed": str(error)})


def _may_have_closed(session: IssueSession) -> bool:
    """Whether a closing was tried whose answer nobody has stored. One that was refused counts: people decide then."""
    return session.effects.filter(kind=CLOSING, round=session.round, not_before__isnull=False).exists()


def _not_since(interval: timedelta, now: datetime) -> Q:
    """As `clocks.is_due`."""
    return Q(followed_at=None) | Q(followed_at__lte=now - interval) | Q(followed_at__gt=now)
