"""Sessions that stand still, why, and how the tick or the pipeline would take them up again."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from automation import queue, recovery
from automation.models import Effect
from issues import verbs
from issues.models import Attempt, IssueSession
from issues.models.session import ENQUEUE_GRACE, IssueSessionQuerySet
from issues.states import ENDED
from projects import leases
from projects.workspace.processes import is_alive

EFFECT_GRACE = timedelta(minutes=5)
LAPSED, ATTEMPT, REQUEST, ENQUEUED, EFFECT = "lease", "attempt", "request", "enqueued", "effect"


@dataclass(frozen=True)
class Finding:
    """What is wrong with a session, and what `repair` does about it."""

    session: IssueSession
    kind: str
    message: str
    remedy: str


def findings(now: datetime | None = None) -> list[Finding]:
    """All of them, in the order of the sessions. Nothing is changed."""
    now = now or timezone.now()
    found = [*_lapsed(), *_unfinished_attempts(), *_requests(), *_enqueued(now), *_effects(now)]
    return sorted(found, key=lambda finding: finding.session.pk)


def repair(finding: Finding) -> bool:
    """Do what the next tick or worker would do. False: somebody has taken the session meanwhile.

    Raises Retryable while a former worker's process cannot be ended, and Conflict when the session moved.
    """
    session = finding.session
    if finding.kind in (LAPSED, ATTEMPT):
        lease = leases.claim(IssueSession, session.pk)
        if lease is None:
            return False
        try:
            recovery.end_former_worker(session)
        finally:
            leases.release(lease)
    elif finding.kind == REQUEST:
        verbs.carry_out_request(session)
    queue.enqueue_tend(session.project_id)
    return True


def _sessions() -> IssueSessionQuerySet:
    active = IssueSession.objects.filter(leases.free(), project__archived_at=None)
    return active.select_related("project").defer("github_issue_body")


def _lapsed() -> Iterator[Finding]:
    for session in _sessions().lapsed():
        yield Finding(
            session,
            LAPSED,
            f"The lease of {_holder(session)} ran out at {session.lease_until:%Y-%m-%d %H:%M} UTC"
            f"{_processes(session)}.",
            "End what is left of it, free the session and ask for a tick.",
        )


def _unfinished_attempts() -> Iterator[Finding]:
    running = Attempt.objects.unfinished().filter(issue_session=OuterRef("pk"))
    for session in _sessions().filter(Exists(running), lease_until=None):
        yield Finding(
            session,
            ATTEMPT,
            f"An attempt has no end, and nobody holds the session{_processes(session)}.",
            "End its process where there is one, note the attempt as lost and ask for a tick.",
        )


def _requests() -> Iterator[Finding]:
    for session in _sessions().asked_for().exclude(status__in=ENDED):
        yield Finding(
            session,
            REQUEST,
            f"{session.requested_by} asked to {session.requested_verb} it, and no worker did.",
            f"{session.get_requested_verb_display()} it now.",
        )


def _enqueued(now: datetime) -> Iterator[Finding]:
    for session in _sessions().queued().filter(enqueued_at__lte=now - ENQUEUE_GRACE):
        yield Finding(
            session,
            ENQUEUED,
            f"It was handed to the queue at {session.enqueued_at:%Y-%m-%d %H:%M} UTC, and no worker took it.",
            "Ask for a tick, which hands it over again. Is a worker of the cluster 'sessions' running?",
        )


def _effects(now: datetime) -> Iterator[Finding]:
    """Of the present round only: nobody looks at what a former one left."""
    waits = Q(not_before__gt=now)
    open_ones = Effect.objects.filter(
        outcome__isnull=True,
        round=F("issue_session__round"),
        created_at__lt=now - EFFECT_GRACE,
        issue_session__in=_sessions(),
    ).exclude(waits)
    for effect in open_ones.select_related("issue_session__project").order_by("id"):
        yield Finding(
            effect.issue_session,
            EFFECT,
            f"{effect.get_kind_display()} was begun at {effect.created_at:%Y-%m-%d %H:%M} UTC; "
            "whether it happened is not known.",
            "Ask for a tick: before anything is tried again it is looked for on GitHub.",
        )


def _holder(session: IssueSession) -> str:
    host, process, *_ = (session.lease_owner.split(":") + ["", ""])[:3]
    return f"process {process or '?'} on {host or 'an unknown host'}"


def _processes(session: IssueSession) -> str:
    """How the recorded agents of unfinished attempts fare, as far as this host can tell."""
    said = []
    for attempt in session.attempt_rows.unfinished().filter(pid__isnull=False):
        if attempt.host != socket.gethostname():
            said.append(f"agent {attempt.pid} on {attempt.host} cannot be seen from here")
            continue
        said.append(f"agent {attempt.pid} is {'still alive' if is_alive(attempt.process) else 'gone'}")
    return f" ({', '.join(said)})" if said else ""
