"""How a session comes to stand where it stands: one function for each ending that people meet."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from issues.models import Attempt, IssueSession
from issues.states import Status, Step
from tests.scene import recorded, texts, transcripts
from tests.scene.telling import Teller

S = Status


def running(tell: Teller, session: IssueSession, *, ago: float = 9) -> Attempt:
    """An agent at work: its worker holds the lease, and the transcript has no end yet."""
    tell.begin(session, ago + 1, by="mara")
    attempt = tell.attempt(session, ago=ago, minutes=None, host="worker-1", pid=4242)
    transcripts.write(attempt, recorded.at_work().lines, begin=tell.at(ago))
    lease = {"lease_owner": "worker-1:4242:1f0c", "lease_until": tell.now + timedelta(days=3), "fence": 3}
    tell.change(
        session, status=S.IN_PROGRESS, step=Step.WORK, queued_at=tell.at(ago + 1), queued_by="mara", **lease
    )
    return attempt


def verifying(tell: Teller, session: IssueSession, *, ago: float = 6) -> None:
    tell.begin(session, ago + 8)
    attempt = tell.attempt(session, ago=ago + 7, minutes=6)
    transcripts.write(attempt, recorded.fix().lines, begin=tell.at(ago + 7), note="done: ")
    tell.event(session, ago, "moved", S.IN_PROGRESS, S.VERIFYING, step=Step.VERIFY, reason="committed")
    lease = {"lease_owner": "worker-1:4243:77aa", "lease_until": tell.now + timedelta(days=3), "fence": 2}
    tell.change(
        session,
        status=S.VERIFYING,
        step=Step.VERIFY,
        queued_at=tell.at(ago + 8),
        head_sha=tell.head_sha,
        **lease,
    )


def failed(
    tell: Teller, session: IssueSession, *, ago: float, failing: dict[str, str], codex: bool = False
) -> None:
    """Three attempts, each with a failing check."""
    tell.begin(session, ago + 60)
    session.step = Step.WORK
    for number in (1, 2, 3):
        begin = ago + 60 - 19 * number
        head_sha = tell.head_of(number, of=3)
        attempt = tell.attempt(
            session, ago=begin + 14, minutes=8 + 2 * number, prompt=texts.PROMPT, head_sha=head_sha
        )
        script = recorded.codex_fix() if codex else recorded.refunds(number)
        transcripts.write(attempt, script.lines, begin=tell.at(begin + 14), note="done: ")
        tell.event(
            session, begin + 4, "moved", S.IN_PROGRESS, S.VERIFYING, step=Step.VERIFY, reason="committed"
        )
        tell.checks(session, attempt, ago=begin, failing=failing)
        new = S.FAILED if number == 3 else S.IN_PROGRESS
        evidence = {"attempts": number, "attempt": attempt.pk}
        said = next(iter(failing.values())).strip().splitlines()[-1]
        message = f"{' and '.join(failing)}: {said}"
        tell.event(
            session,
            begin,
            "moved",
            S.VERIFYING,
            new,
            reason="checks_failed",
            message=message,
            evidence=evidence,
        )
    tell.change(
        session,
        status=S.FAILED,
        step=Step.WORK,
        reason="checks_failed",
        attempts=3,
        head_sha=tell.head_sha,
        completed_at=tell.at(ago),
        last_error=f"{message}\n\nAll attempts are used up. Make the issue or its checks clearer, then retry.",
    )


def opened(
    tell: Teller, session: IssueSession, pr: int, *, ago: float, tries: int = 1, **values: Any
) -> None:
    """A pull request that waits for people."""
    tell.begin(session, ago + 14 * tries)
    for number in range(1, tries + 1):
        begin = ago + 14 * (tries - number + 1)
        head_sha = tell.head_of(number, of=tries)
        attempt = tell.attempt(session, ago=begin - 1, minutes=9, head_sha=head_sha)
        transcripts.write(attempt, recorded.fix().lines, begin=tell.at(begin - 1), note="done: ")
        tell.event(
            session, begin - 10, "moved", S.IN_PROGRESS, S.VERIFYING, step=Step.VERIFY, reason="committed"
        )
        is_last = number == tries
        tell.checks(session, attempt, ago=begin - 12, failing=None if is_last else {"test": texts.PYTEST})
        if not is_last:
            tell.event(session, begin - 12, "moved", S.VERIFYING, S.IN_PROGRESS, reason="checks_failed")
    tell.publish(session, pr, ago=ago)
    tell.change(
        session,
        **{
            "status": S.PR_CREATED,
            "step": Step.FOLLOW,
            "attempts": tries - 1,
            "head_sha": tell.head_sha,
            "pr_checks": "success",
        }
        | values,
    )


def merged(tell: Teller, session: IssueSession, pr: int, *, ago: float, tries: int = 1) -> None:
    opened(tell, session, pr, ago=ago + 90, tries=tries)
    tell.event(
        session, ago, "moved", S.PR_CREATED, S.COMPLETED, step=Step.FOLLOW, reason="merged", actor="github"
    )
    tell.change(
        session,
        status=S.COMPLETED,
        reason="merged",
        issue_state="closed",
        pr_state="merged",
        merged_at=tell.at(ago),
        merged_by="octavia",
        merge_sha="d" * 40,
        completed_at=tell.at(ago),
        foreign_commits=False,
    )


def held(
    tell: Teller, session: IssueSession, reason: str, message: str, *, ago: float, begun: bool = True
) -> None:
    """Waits for a person's word."""
    step = Step.PREPARE
    if begun:
        step = Step.WORK
        tell.begin(session, ago + 12)
        outcome = "asked" if reason == "agent_asked" else "budget"
        attempt = tell.attempt(
            session, ago=ago + 11, minutes=10, outcome=outcome, counted=False, message=message
        )
        transcripts.write(
            attempt, recorded.question().lines, begin=tell.at(ago + 11), note=f"{outcome}: {message}"
        )
    old = S.IN_PROGRESS if begun else S.PENDING
    tell.event(session, ago, "moved", old, S.NEEDS_REVIEW, step=step, reason=reason, message=message)
    tell.change(session, status=S.NEEDS_REVIEW, step=step, reason=reason, last_error=message)


def parked(
    tell: Teller, session: IssueSession, reason: str, message: str, *, ago: float, wait: float
) -> None:
    tell.begin(session, ago + 8)
    attempt = tell.attempt(
        session, ago=ago + 7, minutes=6, outcome=reason, counted=False, message=message, head_sha=""
    )
    transcripts.write(attempt, recorded.limited().lines, begin=tell.at(ago + 7), note=f"{reason}: {message}")
    tell.event(session, ago, "parked", S.IN_PROGRESS, S.IN_PROGRESS, reason=reason, message=message)
    later = tell.now + timedelta(minutes=wait)
    tell.change(
        session,
        status=S.IN_PROGRESS,
        step=Step.WORK,
        reason=reason,
        last_error=message,
        parked_times=2,
        queued_at=tell.at(ago + 8),
        not_before=later,
    )


def queued(tell: Teller, session: IssueSession, *, ago: float) -> None:
    tell.event(session, ago, "queued", S.PENDING, S.PENDING, actor="otto", reason="started_by_person")
    tell.change(session, queued_at=tell.at(ago), queued_by="otto")


def skipped(
    tell: Teller, session: IssueSession, reason: str, *, ago: float, actor: str = "autowrkers"
) -> None:
    tell.event(session, ago, "moved", S.PENDING, S.SKIPPED, actor=actor, reason=reason)
    tell.change(session, status=S.SKIPPED, reason=reason)
