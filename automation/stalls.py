"""Which parts of the product do nothing, on all hosts together: nobody beats, or what should be taken is not taken."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Min
from django.utils import timezone

from automation import hosts
from automation.hosts import CLOCK, PARTS, QUEUE, SESSIONS, Standing
from issues.models import IssueSession
from projects.models import Project

WAITED = timedelta(seconds=90)  # a cluster polls every half second, the clock beats every 15 s
NAMES = {
    QUEUE: "The default cluster (syncs, dispatch)",
    SESSIONS: "The sessions cluster (agents)",
    CLOCK: "The clock",
}


def stalled(known: Sequence[Standing] | None = None) -> dict[str, str]:
    """What each stalled part does not do, in a sentence, by the part's name. Four queries at most."""
    known = hosts.standings() if known is None else known
    now = timezone.now()
    waiting = {QUEUE: untended_since(now), SESSIONS: untaken_since(now)}
    found = {}
    for part in PARTS:
        waits_since = waiting.get(part)
        if waits_since is not None:
            found[part] = (
                f"{NAMES[part]} takes no messages: the oldest has waited since {waits_since:%H:%M:%S}."
            )
        elif not any(each.lives(part) for each in known):
            found[part] = f"{NAMES[part]} runs on no host."
    return found


def untended_since(now: datetime) -> datetime | None:
    """Since when a project waits to be tended, longer than the default cluster would let it wait."""
    untaken = Project.objects.active().filter(tend_enqueued_at__lt=now - WAITED)
    oldest: datetime | None = untaken.aggregate(least=Min("tend_enqueued_at"))["least"]
    return oldest


def untaken_since(now: datetime) -> datetime | None:
    """Since when a session waits for a worker, while none of them all is at work."""
    untaken = IssueSession.objects.enqueued().filter(enqueued_at__lt=now - WAITED)
    oldest: datetime | None = untaken.aggregate(least=Min("enqueued_at"))["least"]
    return None if oldest and IssueSession.objects.running().exists() else oldest
