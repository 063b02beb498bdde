"""The only place that names tasks. Arguments are integers; a lost or doubled message changes nothing but timing."""

from __future__ import annotations

from functools import partial

from django.conf import settings
from django.db import transaction
from django_q.tasks import async_task

TEND = "automation.tasks.tend"
ADVANCE = "automation.tasks.advance"
TICK = "automation.tasks.tick"


def enqueue_tend(project_pk: int, *fence: int) -> None:
    """Ask the short-task cluster to look after a project, once this transaction is committed.

    With the project's `fence`, only if nobody has done so meanwhile. A queue that is down costs only time: the next
    tick asks again.
    """

    def send() -> None:
        async_task(TEND, project_pk, *fence, cluster=settings.Q_CLUSTER["name"])

    transaction.on_commit(send, robust=True)


def enqueue_advance(session_pk: int) -> None:
    """Ask the long-task cluster to work on a session, once this transaction is committed; if it is down, later."""
    transaction.on_commit(partial(async_task, ADVANCE, session_pk, cluster="sessions"), robust=True)
