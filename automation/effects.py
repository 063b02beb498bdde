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
from django.db.models.expressions import Combinable
from django.utils import timezone

from automation.models import Effect
from issues import transitions
from issues.models import IssueSession
from issues.states import ENDED, Status
from projects import leases
from projects.errors import AutowrkersError, Cancelled, Retryable
from projects.github.errors import Forbidden, MutationUnknown
from projects.github.transport import TOTAL_SECONDS
from projects.leases import Lease
from projects.models import Project

Facts = dict[str, Any]
REFUSED = "effect_refused"
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
    _let_it_arrive(effect)
    facts = find()
    if facts is None:
        facts = _act(session, effect, act, lease)
    with transaction.atomic():
        check_lease(lease)
        effect.outcome, effect.done_at = facts, timezone.now()
        effect.save(update_fields=["outcome", "done_at"])
    return facts


def _let_it_arrive(effect: Effect) -> None:
    """Raise Retryable while nobody may look yet. Those who date and those who wait may have different clocks."""
    row = Effect.objects.filter(pk=effect.pk, not_before__gt=leases.db_now())
    moments = row.annotate(now=leases.db_now()).values_list("not_before", "now")
    found = moments.first() if effect.not_before is not None else None
    if found is not None:
        message = "Whether the last try got through is not known; GitHub gets a moment before anybody looks."
        retry_at = timezone.now() + (found[0] - found[1])
        raise Retryable("github.answer_lost", message, retry_at=retry_at)


def _act(session: IssueSession, effect: Effect, act: Callable[[], Facts], lease: Lease | None) -> Facts:
    """Date the try before it is made: whoever comes after a death in the middle waits until it must have arrived."""
    _date(effect, leases.db_in(ON_ITS_WAY), lease)
    try:
        return act()
    except Cancelled:  # it may be on its way all the same, and the date may be another's by now
        raise
    except MutationUnknown as error:
        _date(effect, error.retry_at, lease)
        raise
    except AutowrkersError as error:  # it is known not to have happened
        _date(effect, None, lease)
        if isinstance(error, Forbidden) and session.status in ENDED:  # any other is parked with what was said
            _note_refusal(session, effect, error, lease)
        raise


@transaction.atomic
def _note_refusal(session: IssueSession, effect: Effect, error: Forbidden, lease: Lease | None) -> None:
    """For people to see, once, however often it is tried again."""
    check_lease(lease)
    noted = session.events.filter(reason=REFUSED, evidence__effect=effect.kind, evidence__round=effect.round)
    if not noted.exists():
        facts = {"effect": effect.kind, "round": effect.round}
        transitions.note(
            session, "noted", actor=transitions.SYSTEM, reason=REFUSED, message=str(error), evidence=facts
        )


@transaction.atomic
def _date(effect: Effect, not_before: datetime | Combinable | None, lease: Lease | None) -> None:
    check_lease(lease)
    Effect.objects.filter(pk=effect.pk).update(not_before=not_before)


def postpone(session: IssueSession, kind: str, *, lease: Lease, wait: timedelta) -> None:
    """Let nobody try the effect for so long."""
    effect = plan(session, kind, lease=lease)
    if effect.outcome is None:
        _date(effect, leases.db_in(wait), lease)


def settle(session: IssueSession, kind: str, *, lease: Lease | None, facts: Facts) -> None:
    """Close the journal's entry on an effect that cannot or need not be brought about."""
    perform(session, kind, lease=lease, find=lambda: facts, act=dict)


def unfinished(project: Project, kind: str, *, status: Status, limit: int) -> list[Effect]:
    """Effects of the present round of sessions in `status` that are planned and not known to have happened."""
    intents = Effect.objects.filter(kind=kind, outcome__isnull=True, round=F("issue_session__round"))
    intents = intents.exclude(not_before__gt=leases.db_now())
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
