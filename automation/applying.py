"""What becomes of a step's outcome: the session goes on, is parked, held, dropped, or has used up an attempt."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from automation import announce, effects
from automation.outcomes import Advance, AttemptFailed, Drop, Hold, Outcome, Park
from issues import transitions
from issues.models import IssueSession
from issues.states import MAX_ATTEMPTS, STEP_STATUS, Status, Step
from projects.connection import connect
from projects.errors import OperatorError, Retryable, ended
from projects.github.ratelimit import Priority
from projects.leases import Lease
from projects.redaction import redact

logger = logging.getLogger(__name__)

FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)
LONGEST_BELIEVED = timedelta(days=7)  # whatever an agent or a server says
NO_MORE = (
    "All attempts are used up. Make the issue or its checks clearer, then retry: that opens a new round."
)


def apply(session: IssueSession, outcome: Outcome, lease: Lease) -> bool:
    """Write the outcome. True when the session goes on at once."""
    match outcome:
        case Advance():
            _go_on(session, outcome, lease)
            return outcome.step != Step.FOLLOW
        case Park():
            now = timezone.now()
            waited = min(FIRST_WAIT * 2**session.parked_times, LONGEST_WAIT)
            transitions.stay(
                session,
                "parked",
                reason=outcome.reason,
                message=outcome.message,
                lease=lease,
                not_before=min(outcome.retry_at or now + waited, now + LONGEST_BELIEVED),
                enqueued_at=None,
                parked_times=min(session.parked_times + 1, 10),
            )
        case Hold():
            transitions.move(
                session, Status.NEEDS_REVIEW, reason=outcome.reason, message=outcome.message, lease=lease
            )
        case Drop():
            transitions.move(
                session, Status.SKIPPED, reason=outcome.reason, message=outcome.message, lease=lease
            )
        case AttemptFailed():
            return _count(session, outcome, lease)
    return False


def _go_on(session: IssueSession, outcome: Advance, lease: Lease) -> None:
    status = Status.IN_PROGRESS if outcome.step == Step.PREPARE else STEP_STATUS[outcome.step]
    changes = dict(outcome.changes) | {"step": outcome.step}
    common: dict[str, Any] = {
        "reason": outcome.reason,
        "message": outcome.message,
        "lease": lease,
        "evidence": dict(outcome.evidence),
    }
    if status == session.status:
        if outcome.step == Step.PUBLISH:
            changes["parked_times"] = 0  # a step that only leads back to where it parked is no progress
        transitions.stay(session, "stepped", not_before=None, **common, **changes)
        return
    if status == Status.PR_CREATED:
        changes["queued_at"] = None
    transitions.move(session, status, **common, **changes)


def _count(session: IssueSession, outcome: AttemptFailed, lease: Lease) -> bool:
    """One attempt used up: go back for the next one, or fail and say so on the issue."""
    attempts = session.attempts + 1
    facts: dict[str, Any] = {
        "reason": outcome.reason,
        "message": outcome.message,
        "lease": lease,
        "attempts": attempts,
        "evidence": dict(outcome.evidence) | {"attempts": attempts},
    }
    with transaction.atomic():
        _mark_counted(session, outcome)
        if attempts < MAX_ATTEMPTS:
            transitions.move(session, Status.IN_PROGRESS, step=Step.PREPARE, **facts)
            return True
        facts["message"] = f"{ended(outcome.message)}\n\n{NO_MORE}"
        transitions.move(session, Status.FAILED, completed_at=timezone.now(), **facts)
        effects.plan(session, announce.KIND, lease=lease)
    _try_to_announce(session, lease)
    return False


def _mark_counted(session: IssueSession, outcome: AttemptFailed) -> None:
    """On the row that the session holds in memory as well: the next step must not collect it again."""
    attempt = session.session
    if attempt is None:
        return
    attempt.counted = True
    if session.step == Step.WORK:
        attempt.message = outcome.message  # the checks keep their own words
    attempt.save(update_fields=["counted", "message"])


def _try_to_announce(session: IssueSession, lease: Lease) -> None:
    """Say it at once if GitHub answers; otherwise the project's next tend will."""
    try:
        announce.failure(session, connect(session.project, priority=Priority.PUBLISH), lease=lease)
    except (Retryable, OperatorError) as error:
        logger.warning("session=%s outcome=comment_postponed %s", session.pk, redact(str(error)))
