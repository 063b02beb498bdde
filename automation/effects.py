"""The journal of outside effects: commit the intent, look, act, commit the outcome.

An effect whose outcome is known is never repeated; one whose outcome is not known is looked for before it is
tried (again).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from automation.models import Effect
from issues.models import IssueSession
from issues.states import Status
from projects import leases
from projects.errors import AutowrkersError, Cancelled, Retryable
from projects.github.errors import MutationUnknown
from projects.github.transport import TOTAL_SECONDS
from projects.leases import Lease
from projects.models import Project

Facts = dict[str, Any]
ON_ITS_WAY = timedelta(seconds=TOTAL_SECONDS)


def perform(
    session: IssueSession,
    kind: str,
    *,
    lease: Lease | None,
    find: Callable[[], Facts | None],
    act: Callable[[], Facts],
    intent: Facts | None = None,
    ordinal: int = 1,
) -> Facts:
    """Bring the effect about once and return its facts.

    `find` looks for what an earlier try may have left in the world; `act` creates it and returns the same facts.
    Raises Cancelled when the lease is lost, and whatever `find` and `act` raise.
    """
    effect = plan(session, kind, lease=lease, intent=intent, ordinal=ordinal)
    if effect.outcome is not None:
        return dict(effect.outcome)
    if effect.not_before is not None and effect.not_before > timezone.now():
        message = "Whether the last try got through is not known; GitHub gets a moment before anybody looks."
        raise Retryable("github.answer_lost", message, retry_at=effect.not_before)
    facts = find()
    if facts is None:
        check_lease(lease)
        facts = _act(effect, act)
    with transaction.atomic():
        check_lease(lease)
        effect.outcome, effect.done_at = facts, timezone.now()
        effect.save(update_fields=["outcome", "done_at"])
    return facts


def _act(effect: Effect, act: Callable[[], Facts]) -> Facts:
    """Date the try before it is made: whoever comes after a death in the middle waits until it must have arrived."""
    row = Effect.objects.filter(pk=effect.pk)
    row.update(not_before=timezone.now() + ON_ITS_WAY)
    try:
        return act()
    except MutationUnknown as error:
        row.update(not_before=error.retry_at)
        raise
    except AutowrkersError:  # it is known not to have happened
        row.update(not_before=None)
        raise


def postpone(session: IssueSession, kind: str, *, until: datetime) -> None:
    """Let nobody try the effect before `until`."""
    session.effects.filter(round=session.round, kind=kind, outcome__isnull=True).update(not_before=until)


def settle(session: IssueSession, kind: str, *, lease: Lease | None, facts: Facts) -> None:
    """Close the journal's entry on an effect that cannot or need not be brought about."""
    perform(session, kind, lease=lease, find=lambda: facts, act=dict)


def unfinished(project: Project, kind: str, *, status: Status, limit: int) -> list[Effect]:
    """Effects of the present round of sessions in `status` that are planned and not known to have happened."""
    intents = Effect.objects.filter(kind=kind, outcome__isnull=True, round=F("issue_session__round"))
    intents = intents.exclude(not_before__gt=timezone.now())
    rows = intents.filter(issue_session__project=project, issue_session__status=status).order_by("id")
    pks = list(rows.values_list("pk", flat=True)[:limit])  # nearly always none, and asked at each tick
    return list(rows.filter(pk__in=pks).select_related("issue_session__project")) if pks else []


@transaction.atomic
def plan(
    session: IssueSession, kind: str, *, lease: Lease | None, intent: Facts | None = None, ordinal: int = 1
) -> Effect:
    """Commit the intent, or find the one that was committed before."""
    check_lease(lease)
    return Effect.objects.get_or_create(
        issue_session=session,
        round=session.round,
        kind=kind,
        ordinal=ordinal,
        defaults={"intent": intent or {}},
    )[0]


def check_lease(lease: Lease | None) -> None:
    """Renew the lease, so that one that is lost or has run out stops the transaction around it."""
    if lease is not None and not leases.renew(lease):
        raise Cancelled("session.lease_lost", "Another worker has taken this session over.")
