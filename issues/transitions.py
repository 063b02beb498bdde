"""The one writer of a session's status, step and reason, and of the moment of its last activity.

Each change is one conditional UPDATE (status as expected; the holder's own lease, or no live lease for anyone
else) that must hit exactly one row, and a SessionEvent in the same transaction. What is asked of many at once
locks the rows that are as expected, and writes those alone.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db import transaction
from django.db.models import Case, F, Q, QuerySet, When
from django.utils import timezone

from issues.models import IssueSession, SessionEvent
from issues.models.session import SYSTEM as SYSTEM
from issues.sanitize import make_visible
from issues.states import ENDED, Status, may_move
from projects import clocks, leases
from projects.errors import AutowrkersError
from projects.leases import Lease
from projects.redaction import redact

AS_READ = ("pk", "status", "round", "queued_at")


class Conflict(AutowrkersError):
    """The session is not where the caller thought, or somebody else holds it. Nothing was written."""

    def __init__(self, message: str) -> None:
        super().__init__("session.conflict", message, "Reload the session and look at its present state.")


def move(
    session: IssueSession,
    to: Status,
    *,
    reason: str = "",
    message: str = "",
    actor: str = SYSTEM,
    lease: Lease | None = None,
    evidence: dict[str, Any] | None = None,
    **changes: Any,
) -> None:
    """Move `session` from the status it was read with to `to`, and set `changes` with it.

    Raises Conflict when the pair is not in the table, or when the row is no longer as it was read.
    """
    if not may_move(session.status, to):
        raise Conflict(f"A session that is {session.status} cannot become {to}.")
    changes = {"not_before": None, "parked_times": 0} | changes
    if to in ENDED or to == Status.NEEDS_REVIEW:
        changes |= {"queued_at": None, "requested_verb": "", "requested_by": "", "requested_at": None}
    _write(
        session,
        "moved",
        to=to,
        reason=reason,
        message=message,
        actor=actor,
        lease=lease,
        evidence=evidence,
        changes=changes,
    )


def stay(
    session: IssueSession,
    verb: str,
    *,
    reason: str = "",
    message: str = "",
    actor: str = SYSTEM,
    lease: Lease | None = None,
    evidence: dict[str, Any] | None = None,
    **changes: Any,
) -> None:
    """Change other columns under the same guard (`verb`: parked, queued, stepped, followed); status stays."""
    _write(
        session,
        verb,
        to=Status(session.status),
        reason=reason,
        message=message,
        actor=actor,
        lease=lease,
        evidence=evidence,
        changes=changes,
    )


@transaction.atomic
def stay_all(
    sessions: Collection[IssueSession], verb: str, *, reason: str, actor: str, **changes: Any
) -> list[IssueSession]:
    """`stay` for many, in a few queries; answers those that changed.

    Left alone is what somebody holds, has moved or has queued since it was read.
    """
    read = {tuple(getattr(session, name) for name in AS_READ): session for session in sessions}
    free = IssueSession.objects.filter(leases.free(), pk__in=[session.pk for session in sessions])
    locked = free.select_for_update().order_by("pk").values_list(*AS_READ)
    unmoved = [read[row] for row in locked if row in read]
    values: dict[str, Any] = {"reason": reason[:64], "last_error": "", "changed_at": timezone.now()} | changes
    pks = [session.pk for session in unmoved]
    fenced = {"fence": F("fence") + 1, "lease_owner": ""}
    _update(IssueSession.objects.filter(pk__in=pks), values | fenced)
    SessionEvent.objects.bulk_create(
        SessionEvent(
            issue_session=session,
            actor=actor[:200],
            verb=verb,
            old_status=session.status,
            new_status=session.status,
            step=session.step,
            reason=values["reason"],
        )
        for session in unmoved
    )
    return unmoved


@transaction.atomic
def note(
    session: IssueSession,
    verb: str,
    *,
    actor: str,
    reason: str = "",
    message: str = "",
    evidence: dict[str, Any] | None = None,
) -> SessionEvent:
    """Add an event without a change: a refused or a recorded request, a fact worth keeping."""
    touch(session)
    return SessionEvent.objects.create(
        issue_session=session,
        actor=actor[:200],
        verb=verb,
        old_status=session.status,
        new_status=session.status,
        step=session.step,
        reason=reason[:64],
        message=_text(message),
        evidence=evidence or {},
    )


def touch(row: IssueSession, /, **news: Any) -> None:
    """Something happened to it just now; `news` are columns besides status, step and reason."""
    values = news | {"changed_at": timezone.now()}
    _update(IssueSession.objects.filter(pk=row.pk), values)
    _show(row, values)


def _update(rows: QuerySet[IssueSession], values: dict[str, Any]) -> int:
    """With `changed_at` goes what told that a clock was ahead, so a wait that was written by it ends here."""
    is_ahead = clocks.ahead("changed_at", values["changed_at"])
    wait = Case(When(is_ahead, then=None), default=F("not_before"))
    return rows.update(**{"not_before": wait} | values)


def _show(row: IssueSession, values: dict[str, Any]) -> None:
    """What was written, on the row as it was read."""
    if clocks.is_ahead(row.changed_at, values["changed_at"]):
        row.not_before = None
    for name, value in values.items():
        setattr(row, name, value)


def _text(message: str) -> str:
    """What may be stored and shown: no secret, and nothing that a terminal or a database chokes on."""
    return redact(make_visible(message))


@transaction.atomic
def _write(
    session: IssueSession,
    verb: str,
    *,
    to: Status,
    reason: str,
    message: str,
    actor: str,
    lease: Lease | None,
    evidence: dict[str, Any] | None,
    changes: dict[str, Any],
) -> None:
    values: dict[str, Any] = {
        "status": to,
        "reason": reason[:64],
        "last_error": _text(message),
        "changed_at": timezone.now(),
    } | changes
    guard = lease.guard if lease else Q(leases.free(), pk=session.pk)
    fenced = (
        {} if lease else {"fence": F("fence") + 1, "lease_owner": ""}
    )  # a late worker finds itself fenced off
    rows = IssueSession.objects.filter(guard, status=session.status, round=session.round)
    if _update(rows, values | fenced) != 1:
        raise Conflict(f"Session {session.pk} is no longer {session.status}, or another worker holds it.")
    SessionEvent.objects.create(
        issue_session=session,
        actor=actor[:200],
        verb=verb,
        old_status=session.status,
        new_status=to,
        step=values.get("step", session.step),
        reason=values["reason"],
        message=values["last_error"],
        evidence=evidence or {},
    )
    _show(session, values)


@transaction.atomic
def create(sessions: list[IssueSession]) -> None:
    """Insert new sessions, each in the status and with the reason that it was built with."""
    created = IssueSession.objects.bulk_create(sessions)
    SessionEvent.objects.bulk_create(
        SessionEvent(
            issue_session=session,
            actor=SYSTEM,
            verb="synced",
            new_status=session.status,
            step=session.step,
            reason=session.reason,
            message=session.last_error,
        )
        for session in created
    )
