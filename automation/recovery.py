"""Taking over from a worker that is gone: its process tree must be dead before anybody goes on."""

from __future__ import annotations

import socket
from datetime import timedelta

from django.utils import timezone

from issues.models import Attempt, IssueSession
from projects.errors import Retryable
from projects.workspace.processes import ProcessIdentity, kill_tree

WORKER_LOST = "worker_lost"


def end_former_worker(session: IssueSession) -> None:
    """End what an unfinished attempt left running on this host, and mark the attempt as lost, not counted.

    Raises Retryable while the tree cannot be ended.
    """
    for attempt in session.attempt_rows.filter(outcome=""):
        if attempt.pid and attempt.host == socket.gethostname():
            identity = ProcessIdentity(attempt.host, attempt.pid, attempt.pid_started)
            if not kill_tree(identity):
                raise Retryable(
                    "worker.still_alive",
                    f"The agent of {attempt} (process {attempt.pid}) does not end.",
                    "End it by hand; the session goes on by itself then.",
                    retry_at=timezone.now() + timedelta(seconds=30),
                )
        Attempt.objects.filter(pk=attempt.pk, outcome="").update(
            outcome=WORKER_LOST, message="Its worker ended before it did.", ended_at=timezone.now()
        )
