"""What the texts on GitHub are made of: rows of a session and commits of the mirror, as plain values."""

from __future__ import annotations

from automation import messages
from automation.messages import (
    CheckLine,
    CommitLine,
    EffectKey,
    FailedComment,
    PullRequestComment,
    PullRequestText,
)
from automation.models import Effect
from issues.models import IssueSession
from projects.workspace.history import History
from verification.models import VerificationResult

VERDICTS = {True: "passed", False: "failed", None: "not checked"}


def key_of(session: IssueSession, kind: str, ordinal: int = 1) -> EffectKey:
    return EffectKey(session.public_id, session.round, str(kind), ordinal)


def pull_request_text(session: IssueSession, history: History) -> PullRequestText:
    results = VerificationResult.objects.filter(
        issue_session=session, head_sha=session.head_sha
    ).newest_of_each()
    attempt = session.session
    return PullRequestText(
        key=key_of(session, Effect.Kind.PULL_REQUEST),
        issue_number=session.github_issue_number,
        attempts=session.attempts + 1,
        summary=attempt.summary if attempt else "",
        commits=tuple(
            CommitLine(commit.sha, commit.subject)
            for commit in history.commits(session.base_sha, session.head_sha)
        ),
        checks=tuple(
            CheckLine(row.name or row.check_type, row.command, VERDICTS[row.passed], row.duration_ms)
            for row in results
            if row.passed is not None
        ),
        not_run=tuple(row.name or row.check_type for row in results if row.passed is None),
        manual_review=session.manual_review_reason,
        session_url=session.page_url,
    )


def comment_text(session: IssueSession, *, pr_number: int) -> str:
    key = key_of(session, Effect.Kind.PR_COMMENT)
    return messages.pull_request_comment(
        PullRequestComment(
            key=key, pr_number=pr_number, reason=session.manual_review_reason, session_url=session.page_url
        )
    )


def failed_text(session: IssueSession) -> str:
    key = key_of(session, Effect.Kind.FAILED_COMMENT)
    return messages.failed_comment(
        FailedComment(
            key=key, attempts=session.attempts, reason=session.last_error, session_url=session.page_url
        )
    )
