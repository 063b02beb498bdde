"""From one worker to the next: one that ends hands its session over, one that is gone is taken over from.

Of that one the process tree must be dead before anybody goes on.
"""

from __future__ import annotations

import logging
import socket
from datetime import timedelta

from django.utils import timezone

from issues import transitions
from issues.models import Attempt, IssueSession
from issues.models.attempt import AttemptQuerySet
from projects import leases
from projects.errors import Retryable
from projects.leases import Lease
from projects.models import Project
from projects.workspace.processes import kill_tree

logger = logging.getLogger(__name__)
WORKER_LOST = "worker_lost"
HANDED_OVER = "handed_over"


def hand_over(session: IssueSession, lease: Lease) -> None:
    """Make the session due at once: its holder is to end, and has ended what it did for it."""
    transitions.stay(
        session,
        HANDED_OVER,
        reason=HANDED_OVER,
        message="Its worker was told to end; the next one goes on where it stands.",
        lease=lease,
        enqueued_at=None,
        evidence={
            "host": socket.gethostname(),
            "attempt": session.session.number if session.session else None,
        },
    )
    logger.info("session=%s step=%s outcome=handed_over", session.pk, session.step)


def leave_to_others(session_pk: int) -> None:
    """The queue's message for it is not taken up here: the next tick of any host hands it out again."""
    IssueSession.objects.filter(leases.free(), pk=session_pk).update(enqueued_at=None)


def end_abandoned_leases() -> None:
    """What workers of this host held when they died is free at once, not when its lease would end."""
    for model in (IssueSession, Project):
        if count := leases.end_abandoned(model):
            logger.warning("outcome=leases_ended %s of %s, whose process is gone", count, model.__name__)


def end_former_worker(session: IssueSession) -> None:
    """End what an unfinished attempt left running on this host, and mark the attempt as lost, not counted.

    Raises Retryable while the tree cannot be ended.
    """
    for attempt in session.attempt_rows.unfinished():
        if attempt.pid and attempt.host == socket.gethostname() and not kill_tree(attempt.process):
            raise Retryable(
                "worker.still_alive",
                f"The agent of {attempt} (process {attempt.pid}) does not end.",
                "End it by hand; the session goes on by itself then.",
                retry_at=timezone.now() + timedelta(seconds=30),
            )
        lose(Attempt.objects.filter(pk=attempt.pk))


def lose(attempts: AttemptQuerySet) -> bool:
    """Note those that have no end yet as lost with their worker. False: there are none."""
    message = "Its worker ended before it did."
    lost = attempts.unfinished()
    return bool(lost.update(outcome=WORKER_LOST, message=message, ended_at=timezone.now()))
