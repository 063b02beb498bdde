"""What a person may ask of a session: start, retry, skip, stop. Admin, API and commands all come here.

On a session that a worker holds, skip and stop are only recorded; the holder ends its work and carries them out.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from issues import trust
from issues.models import IssueSession
from issues.states import ENDED, Status, Step, resumed_status
from issues.transitions import Conflict, move, note, stay, stay_all
from projects import leases, signals
from projects.models import Project

RECORDED = "recorded"
DONE = "done"
UNCHANGED = "unchanged"
FORCED = "forced"

ALLOWED: dict[str, frozenset[str]] = {
    "start": frozenset(Status.values) - {Status.FAILED, Status.PR_CREATED},
    "retry": frozenset({Status.FAILED, Status.NEEDS_REVIEW}),
    "skip": frozenset(Status.values) - {Status.SKIPPED, Status.COMPLETED},
    "stop": frozenset({Status.PENDING, Status.IN_PROGRESS, Status.VERIFYING, Status.PR_CREATED}),
    "close": frozenset({Status.PENDING, Status.IN_PROGRESS, Status.VERIFYING, Status.NEEDS_REVIEW}),
}
IN_WORDS: dict[Status, str] = {
    Status.PENDING: "that is pending",
    Status.IN_PROGRESS: "in progress",
    Status.VERIFYING: "that is being verified",
    Status.PR_CREATED: "whose pull request is open",
    Status.COMPLETED: "that is completed",
    Status.FAILED: "that has failed",
    Status.SKIPPED: "that is skipped",
    Status.NEEDS_REVIEW: "that waits for a person",
}
NO_REQUEST: dict[str, Any] = {"requested_verb": "", "requested_by": "", "requested_at": None}
REQUESTED_MOVES: dict[str, tuple[Status, str]] = {
    IssueSession.Verb.STOP: (Status.NEEDS_REVIEW, "stopped"),
    IssueSession.Verb.SKIP: (Status.SKIPPED, "skipped_by_person"),
    IssueSession.Verb.CLOSE: (Status.SKIPPED, "issue_closed"),
}


class NotAllowed(Conflict):
    """The session's state does not allow the verb."""

    def __init__(self, session: IssueSession, verb: str) -> None:
        message, remedy = f"A session {IN_WORDS[Status(session.status)]} cannot be asked to {verb}.", ""
        if _is_idle(session) and verb == "stop":
            message = "A session that is not queued cannot be asked to stop: nothing of it runs or waits."
        elif session.status in ALLOWED[verb]:
            message = f"Issue #{session.github_issue_number} is closed on GitHub: there is nothing to {verb}."
            remedy = "Reopen it on GitHub, then sync. "
        super().__init__(message)
        self.code = "session.not_allowed"
        self.allowed = allowed_verbs(session)
        self.remedy = f"{remedy}Possible now: {', '.join(self.allowed) or 'nothing'}."


def allowed_verbs(session: IssueSession) -> list[str]:
    return [verb for verb in ("start", "retry", "skip", "stop") if is_allowed(session, verb)]


def is_allowed(session: IssueSession, verb: str) -> bool:
    is_vain = (verb in ("start", "retry") and _is_closed(session)) or (verb == "stop" and _is_idle(session))
    return session.status in ALLOWED[verb] and not is_vain


def _is_idle(session: IssueSession) -> bool:
    """Not begun, not queued, and held by no worker: a command may hold what is not queued."""
    return session.status == Status.PENDING and session.queued_at is None and not session.lease_owner


def _is_closed(session: IssueSession) -> bool:
    """Whether its issue is closed and no pull request of ours decides (one may be there while it is published)."""
    has_pull_request = session.pr_number is not None or session.step == Step.PUBLISH
    return session.issue_state != "open" and (session.status in ENDED or not has_pull_request)


def start(session: IssueSession, *, actor: str, forced: bool = False) -> str:
    """Queue the session; a parked one need not wait any longer. A running or queued one stays ('unchanged').

    A `forced` one begins also when filter, skip labels or complexity come to speak against it while it waits.
    """
    answer = enqueue(session, actor=actor, forced=forced)
    if answer == DONE:
        signals.work_requested.send(IssueSession, project_pk=session.project_id)
    return answer


def enqueue(session: IssueSession, *, actor: str, forced: bool = False) -> str:
    """`start` without waking a worker: whoever queues many wakes one afterwards."""
    _refuse_unless_allowed(session, "start", actor)
    queue = _queue(session, actor)
    status = Status(session.status)
    if session.queued_at is not None and not session.must_wait(timezone.now()):
        if not forced or status != Status.PENDING or is_forced(session):
            return UNCHANGED
        stay(session, "queued", actor=actor, reason=FORCED)
        return DONE
    if status == Status.SKIPPED:
        bring_back(session, actor=actor, reason=FORCED if forced else "started_by_person", **queue)
    elif status == Status.NEEDS_REVIEW:
        reason = FORCED if forced else "approved"
        move(session, resumed_status(session.step), actor=actor, reason=reason, **queue)
    elif status == Status.COMPLETED:
        _new_round(session, actor=actor, reason=FORCED if forced else "reopened", **queue)
    else:
        reason = FORCED if forced else "started_by_person"
        stay(session, "queued", actor=actor, reason=reason, not_before=None, **queue)
    return DONE


def is_forced(session: IssueSession) -> bool:
    """Whether the start by which it is queued was a forced one; the journal knows, for parking changes the reason."""
    if session.queued_at is None:
        return False
    return session.events.filter(reason=FORCED, created_at__gte=session.queued_at).exists()


@transaction.atomic
def enqueue_pending(sessions: Collection[IssueSession], *, actor: str) -> int:
    """`enqueue` for many pending ones in one transaction; answers how many were as they had been read."""
    queue: dict[str, Any] = {"queued_at": timezone.now(), "queued_by": actor[:200], "enqueued_at": None}
    queued = stay_all(sessions, "queued", actor=actor, reason="started_by_person", not_before=None, **queue)
    for project in Project.objects.filter(pk__in={session.project_id for session in queued}):
        pks = [session.pk for session in queued if session.project_id == project.pk]
        strangers = IssueSession.objects.filter(trust.by_strangers(project), pk__in=pks)
        for session in strangers.only("github_issue_title", "github_issue_body"):
            IssueSession.objects.filter(pk=session.pk).update(approved_text=trust.fingerprint(session))
    return len(queued)


def retry(session: IssueSession, *, actor: str) -> str:
    """Open a new round of a failed session, or let a held one go on where it stands."""
    _refuse_unless_allowed(session, "retry", actor)
    if session.status == Status.NEEDS_REVIEW:
        return start(session, actor=actor)
    queue = _queue(session, actor)
    _new_round(session, actor=actor, reason="retried_by_person", **queue)
    signals.work_requested.send(IssueSession, project_pk=session.project_id)
    return DONE


def _queue(session: IssueSession, actor: str) -> dict[str, Any]:
    """A person starts it, and so approves the words that it has now."""
    queued: dict[str, Any] = {"queued_at": timezone.now(), "queued_by": actor[:200], "enqueued_at": None}
    return queued | {"approved_text": trust.fingerprint(session)}


def skip(session: IssueSession, *, actor: str) -> str:
    return _end(session, "skip", actor=actor)


def stop(session: IssueSession, *, actor: str) -> str:
    return _end(session, "stop", actor=actor)


def dequeue(sessions: Collection[IssueSession], *, actor: str) -> int:
    """Take sessions out of the queue, in one transaction; they stay where they stand until they are queued again.

    Answers how many: not one that a worker has just taken.
    """
    queue: dict[str, Any] = {"queued_at": None, "queued_by": "", "enqueued_at": None}
    return len(stay_all(sessions, "dequeued", actor=actor, reason="paused", **queue))


def carry_out(session: IssueSession, verb: str, *, actor: str, lease: leases.Lease | None = None) -> None:
    """Make the move that a recorded request asked for. The issue's closing means nothing once our PR is there."""
    if verb not in ALLOWED or session.status not in ALLOWED[verb]:
        same = {"reason": session.reason, "message": session.last_error}
        stay(session, "refused", actor=actor, evidence={"verb": verb}, lease=lease, **same, **NO_REQUEST)
        return
    to, reason = REQUESTED_MOVES[verb]
    move(session, to, actor=actor, reason=reason, lease=lease)


def carry_out_request(session: IssueSession, *, lease: leases.Lease | None = None) -> None:
    carry_out(session, session.requested_verb, actor=session.requested_by, lease=lease)


def close(session: IssueSession) -> str:
    """The issue was closed on GitHub before a pull request of ours existed."""
    return _end(session, IssueSession.Verb.CLOSE, actor="github")


def _end(session: IssueSession, verb: str, *, actor: str) -> str:
    _refuse_unless_allowed(session, verb, actor)
    with transaction.atomic():
        held = IssueSession.objects.filter(leases.live(), pk=session.pk, status=session.status)
        if held.update(requested_verb=verb, requested_by=actor[:200], requested_at=Now()):
            note(session, "requested", actor=actor, reason=verb)
            return RECORDED
    carry_out(session, verb, actor=actor)
    return DONE


def bring_back(session: IssueSession, *, actor: str, reason: str, **queue: Any) -> None:
    """Let a skipped session start over. What was begun before it was skipped is gone from the workspace."""
    if session.base_sha:
        _new_round(session, actor=actor, reason=reason, **queue)
    else:
        move(session, Status.PENDING, actor=actor, reason=reason, step=Step.PREPARE, **queue)


def _new_round(session: IssueSession, *, actor: str, reason: str, **queue: Any) -> None:
    """A fresh start from the present base. The branch stays ours; the former pull request is not taken over."""
    fresh: dict[str, Any] = {
        "round": session.round + 1,
        "attempts": 0,
        "step": Step.PREPARE,
        "base_sha": "",
        "head_sha": "",
        "pr_number": None,
        "pr_state": "",
        "pr_checks": "",
        "pr_review": "",
        "merged_at": None,
        "merged_by": "",
        "merge_sha": "",
        "foreign_commits": None,
        "manual_review": False,
        "completed_at": None,
    }
    move(session, Status.PENDING, actor=actor, reason=reason, **fresh, **queue)


def _refuse_unless_allowed(session: IssueSession, verb: str, actor: str) -> None:
    if not is_allowed(session, verb):
        error = NotAllowed(session, verb)
        note(session, "refused", actor=actor, reason=verb, message=error.message)
        raise error
