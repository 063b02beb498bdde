"""What the agent is told this time: the first prompt, the retry's with what failed, or to go on after a break."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from issues import context
from issues.models import Attempt, IssueSession
from issues.prompts import FailedCheck, Retry, Task, render_failure, render_first, render_retry
from issues.states import MAX_ATTEMPTS
from verification.models import VerificationResult

CONTEXT_BYTES = 40_000
GO_ON = "You were interrupted while working on this. Look at what is there already, then go on.\n\n"


class Reading(context.History, Protocol):
    """How the repository is read; `projects/workspace/history.py` does it in the mirror."""

    def commits(self, base: str, head: str) -> Sequence[context.CommitLike]: ...


def write_prompt(session: IssueSession, history: Reading, *, kind: str, head_sha: str) -> str:
    task = _task(session, history, head_sha)
    if kind == Attempt.Kind.FIRST or session.attempts == 0:
        prompt = render_first(task)
    else:
        prompt = render_retry(task, _retry(session, _commits(session, history, head_sha)))
    return GO_ON + prompt if kind == Attempt.Kind.RESUME else prompt


def told_of_failure(session: IssueSession, history: Reading | None, *, head_sha: str) -> str:
    """What the next attempt of this round is told about the last one; without `history` no commits are named."""
    commits = _commits(session, history, head_sha) if history is not None else ()
    return render_failure(_retry(session, commits))


def _task(session: IssueSession, history: Reading, head_sha: str) -> Task:
    project = session.project
    text = f"{session.github_issue_title}\n\n{session.github_issue_body}"
    return Task(
        repo=project.github_repo,
        issue_number=session.github_issue_number,
        title=session.github_issue_title,
        body=session.github_issue_body,
        labels=tuple(session.github_issue_labels),
        context=context.build(text, history, head_sha, budget_bytes=CONTEXT_BYTES),
        verification_command=project.verification_command or project.test_command,
    )


def _commits(session: IssueSession, history: Reading, head_sha: str) -> tuple[str, ...]:
    if head_sha == session.base_sha:
        return ()
    found = history.commits(session.base_sha, head_sha)
    return tuple(f"{commit.sha[:10]} {commit.subject}" for commit in found)


def _retry(session: IssueSession, commits: tuple[str, ...]) -> Retry:
    """Why the last counted attempt failed: its failed checks where it got that far, else its outcome."""
    last = session.attempt_rows.filter(round=session.round, counted=True).first()
    newest = VerificationResult.objects.filter(attempt=last).newest_of_each() if last else []
    failed = [row for row in newest if row.passed is False and not row.fault]
    return Retry(
        attempt=session.attempts + 1,
        max_attempts=MAX_ATTEMPTS,
        reason="its checks failed." if failed else (last.message if last else session.last_error),
        failed_checks=tuple(
            FailedCheck(
                row.name or row.check_type, row.command, row.exit_status, row.output, row.baseline == "failed"
            )
            for row in failed
        ),
        commits=commits,
        last_answer=last.summary if last else "",
    )
