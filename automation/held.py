"""Working on a session from the command line: under its lease, or not at all while a worker has it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from automation import recovery
from automation.holding import Holding
from issues.models import IssueSession
from projects import leases
from projects.errors import OperatorError


@contextmanager
def held(session: IssueSession) -> Iterator[Holding]:
    """The session's lease, renewed until the end of the block. What a dead worker left running is ended first.

    Raises OperatorError `command.not_ready` when a worker has it.
    """
    lease = leases.claim(IssueSession, session.pk)
    if lease is None:
        refuse_if_held(session)
        raise _has_it(session, ":")
    with Holding(lease) as holding:
        leases.update_held(lease, heard_at=leases.db_now())
        recovery.end_former_worker(session)
        yield holding


def refuse_if_held(session: IssueSession) -> None:
    rows = IssueSession.objects.filter(leases.live(), pk=session.pk)
    owner = rows.values_list("lease_owner", flat=True).first()
    if owner is not None:
        raise _has_it(session, owner)


def _has_it(session: IssueSession, owner: str) -> OperatorError:
    host, process, *_ = (owner.split(":") + ["", ""])[:3]
    return OperatorError(
        "command.not_ready",
        f"Another worker has session {session.pk}: process {process or '?'} on {host or 'an unknown host'}.",
        f"Wait for it, or ask it to end with `python manage.py stop_session {session.pk}`.",
    )
