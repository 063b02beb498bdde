"""Advance one session as far as it will go: claim its lease, run its step, write what the step decided, repeat.

This is the only place that catches everything: whatever a step raises ends in a state with a reason.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from django.db import DatabaseError
from django.utils import timezone

from automation import draining, overdue, recovery
from automation.applying import apply
from automation.environment import StepEnvironment, environment_for
from automation.full_disks import DISK, what_is_full
from automation.holding import Holding
from automation.outcomes import Advance, Hold, Outcome, Park
from automation.steps import prepare, publish, reaching, verify, work
from issues import transitions, verbs
from issues.models import IssueSession
from issues.states import ENDED, RUNNABLE, Status, Step
from issues.transitions import Conflict
from projects import leases
from projects.errors import Cancelled, OperatorError, Retryable
from projects.leases import Lease
from projects.redaction import redact

logger = logging.getLogger(__name__)

STEPS: dict[str, Callable[[IssueSession, StepEnvironment], Outcome]] = {
    Step.PREPARE: prepare.run,
    Step.WORK: work.run,
    Step.VERIFY: verify.run,
    Step.PUBLISH: publish.run,
}
OPERATOR_WAIT = timedelta(minutes=10)


def advance(session_pk: int, *, handed_over: bool = False) -> bool:
    """Work on the session until it is parked, held, published or ended. False: another worker has it.

    A message of the queue (`handed_over`) that comes late, or for the second time, starts nothing.
    A process that is to end takes nothing any more.
    """
    if handed_over and draining.has_begun():
        recovery.leave_to_others(session_pk)
        return False
    lease = leases.claim(IssueSession, session_pk)
    if lease is None:
        return False
    with Holding(lease, ends_process=handed_over) as holding:
        if handed_over and not IssueSession.objects.handed_over().filter(pk=session_pk).exists():
            return False
        session = IssueSession.objects.select_related("project", "session").get(pk=session_pk)
        try:
            leases.update_held(lease, enqueued_at=None, heard_at=leases.db_now())
            _run(session, holding)
        except (Conflict, Cancelled) as conflict:
            logger.info("session=%s outcome=gave_way %s", session_pk, conflict)
        except Exception as error:  # what could not even be written down as it was meant
            logger.exception("session=%s", session_pk)
            _park_unwritable(session_pk, lease, error)
    return True


def _run(session: IssueSession, holding: Holding) -> None:
    lease = holding.lease
    if not session.requested_verb and session.must_wait(timezone.now()):
        return
    while not holding.is_lost:
        session.refresh_from_db(fields=["requested_verb", "requested_by", "status", "round", "project"])
        if session.requested_verb and session.status not in ENDED:
            verbs.carry_out_request(session, lease=lease)
            return
        runs = session.status in RUNNABLE and session.queued_at is not None
        if not runs or session.project.archived_at is not None:
            return
        if draining.is_due():
            recovery.hand_over(session, lease)
            return
        if session.status == Status.PENDING:
            started_at = session.started_at or timezone.now()
            transitions.move(
                session, Status.IN_PROGRESS, reason="claimed", lease=lease, started_at=started_at
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
        session.refresh_from_db(fields=["requested_verb", "requested_by"])
        if session.requested_verb and not isinstance(outcome, Advance):
            continue  # a person's wish goes before parking, holding and counting
        if not apply(session, outcome, lease) and not session.requested_verb:
            return


def _park_unwritable(session_pk: int, lease: Lease, error: Exception) -> None:
    session = IssueSession.objects.get(pk=session_pk)
    message = f"Something went wrong inside the product; the log has the trace for session {session_pk}."
    full = _full_disk(error)
    transitions.stay(
        session,
        "parked",
        reason=full.reason if full else "internal_error",
        message=full.message if full else message,
        lease=lease,
        not_before=timezone.now() + OPERATOR_WAIT,
    )


def _step(session: IssueSession, holding: Holding) -> Outcome | None:
    """The step's outcome; None when the work was ended on purpose and the loop must look why."""
    try:
        if overdue.keeps_hanging(session):
            return Hold(
                overdue.REASON,
                f"The step {session.step} has not come to an end {overdue.GIVEN_UP_AFTER} times, and its worker was "
                "given up each time. Its log says what it did last; start the session again when that is mended.",
            )
        recovery.end_former_worker(session)
        holding.allow(overdue.allowed_seconds(session))
        with environment_for(session, holding) as environment:
            return reaching.way_back(session, environment) or STEPS[session.step](session, environment)
    except (Cancelled, Conflict):
        if not holding.stop.is_set():
            raise
        return None
    except Retryable as error:
        return Park(error.code, str(error), error.retry_at)
    except OperatorError as error:
        return Park(error.code, str(error), timezone.now() + OPERATOR_WAIT)
    except Exception as error:  # the owner of the policy: a bug must not lose the session
        if full := _full_disk(error):
            return full
        logger.exception("session=%s step=%s", session.pk, session.step)
        return Park(
            "internal_error",
            f"Something went wrong inside the product ({type(error).__name__}); "
            f"the log has the trace for session {session.pk}. {redact(str(error))[:500]}",
        )


def _full_disk(error: Exception) -> Park | None:
    """What to do about an error that only says that some disk of ours is full."""
    if full := what_is_full(error):
        where = "its" if isinstance(error, DatabaseError) else "the worker's"
        return Park(DISK, f"{full} Free space on {where} host.")
    return None
