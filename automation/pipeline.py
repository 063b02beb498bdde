"""Advance one session as far as it will go: claim its lease, run its step, write what the step decided, repeat.

This is the only place that catches everything: whatever a step raises ends in a state with a reason.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from automation import announce, effects, recovery
from automation.environment import StepEnvironment, environment_for
from automation.holding import Holding
from automation.outcomes import Advance, AttemptFailed, Drop, Hold, Outcome, Park
from automation.steps import prepare, publish, verify, work
from issues import transitions, verbs
from issues.models import IssueSession
from issues.states import ENDED, MAX_ATTEMPTS, RUNNABLE, STEP_STATUS, Status, Step
from issues.transitions import Conflict
from projects import leases
from projects.connection import connect
from projects.errors import Cancelled, OperatorError, Retryable
from projects.leases import Lease
from projects.models import Project
from projects.redaction import redact

logger = logging.getLogger(__name__)

STEPS: dict[str, Callable[[IssueSession, StepEnvironment], Outcome]] = {
    Step.PREPARE: prepare.run,
    Step.WORK: work.run,
    Step.VERIFY: verify.run,
    Step.PUBLISH: publish.run,
}
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)
OPERATOR_WAIT = timedelta(minutes=10)
NO_MORE = (
    "All attempts are used up. Make the issue or its checks clearer, then retry: that opens a new round."
)


def advance(session_pk: int) -> bool:
    """Work on the session until it is parked, held, published or ended. False: another worker has it."""
    lease = leases.claim(IssueSession, session_pk)
    if lease is None:
        return False
    with Holding(lease) as holding:
        session = IssueSession.objects.select_related("project", "session").get(pk=session_pk)
        try:
            _run(session, holding)
        except (Conflict, Cancelled) as conflict:
            logger.info("session=%s outcome=gave_way %s", session_pk, conflict)
    return True


def _run(session: IssueSession, holding: Holding) -> None:
    lease = holding.lease
    while not holding.is_lost:
        session.refresh_from_db(fields=["requested_verb", "requested_by", "status", "round", "project"])
        if session.requested_verb and session.status not in ENDED:
            verbs.carry_out(session, session.requested_verb, actor=session.requested_by, lease=lease)
            return
        if session.status not in RUNNABLE or session.queued_at is None or _is_archived(session):
            return
        if session.status == Status.PENDING:
            transitions.move(
                session,
                Status.IN_PROGRESS,
                reason="claimed",
                lease=lease,
                started_at=session.started_at or timezone.now(),
            )
        outcome = _step(session, holding)
        if outcome is None:
            continue
        logger.info(
            "session=%s issue=%s#%s step=%s outcome=%s",
            session.pk,
            session.project.github_repo,
            session.github_issue_number,
            session.step,
            type(outcome).__name__,
        )
        if not _apply(session, outcome, lease):
            return


def _is_archived(session: IssueSession) -> bool:
    return not Project.objects.active().filter(pk=session.project_id).exists()


def _step(session: IssueSession, holding: Holding) -> Outcome | None:
    """The step's outcome; None when the work was ended on purpose and the loop must look why."""
    try:
        recovery.end_former_worker(session)
        with environment_for(session, holding) as environment:
            return STEPS[session.step](session, environment)
    except (Cancelled, Conflict):
        if not holding.stop.is_set():
            raise
        return None
    except Retryable as error:
        return Park(error.code, str(error), error.retry_at)
    except OperatorError as error:
        return Park(error.code, str(error), timezone.now() + OPERATOR_WAIT)
    except Exception as error:  # the owner of the policy: a bug must not lose the session
        logger.exception("session=%s step=%s", session.pk, session.step)
        return Park(
            "internal_error",
            f"Something went wrong inside the product ({type(error).__name__}); "
            f"the log has the trace for session {session.pk}. {redact(str(error))[:500]}",
        )


def _apply(session: IssueSession, outcome: Outcome, lease: Lease) -> bool:
    """Write the outcome. True when the session goes on at once."""
    match outcome:
        case Advance():
            _go_on(session, outcome, lease)
            return outcome.step != Step.FOLLOW
        case Park():
            waited = min(FIRST_WAIT * 2**session.parked_times, LONGEST_WAIT)
            transitions.stay(
                session,
                "parked",
                reason=outcome.reason,
                message=outcome.message,
                lease=lease,
                not_before=outcome.retry_at or timezone.now() + waited,
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
        facts["message"] = f"{outcome.message}\n\n{NO_MORE}"
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
        announce.failure(session, connect(session.project), lease=lease)
    except (Retryable, OperatorError) as error:
        logger.warning("session=%s outcome=comment_postponed %s", session.pk, redact(str(error)))
