"""Following a queued session until it rests: what a worker's agent does, and a line now and then while nothing does."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.db.models import Q
from django.utils import timezone

from automation.live import POLL_SECONDS, Watcher
from issues.models import IssueSession
from projects import leases

SAY_EVERY_SECONDS = 10.0


class Reminder:
    """Says a line at most every ten seconds."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say, self._said, self._began = say, time.monotonic(), time.monotonic()

    def __call__(self, text: str) -> None:
        now = time.monotonic()
        if now - self._said >= SAY_EVERY_SECONDS:
            self._said = now
            self._say(f"{text} ({now - self._began:.0f} s)")


def follow_until_rest(
    session: IssueSession, *, show: Callable[[str], None], remind: Reminder, actor: str
) -> None:
    """Show the transcript line by line until nobody works on the session and nobody is about to."""
    watcher = Watcher(session.pk, say=show, actor=actor)
    watcher.start()
    try:
        while not is_at_rest(session.pk):
            if not IssueSession.objects.filter(leases.live(), pk=session.pk).exists():
                remind("Queued; waiting for a worker")
            time.sleep(POLL_SECONDS)
    finally:
        watcher.end()


def is_at_rest(session_pk: int) -> bool:
    """Not queued, or parked until later; and no worker has it."""
    busy = Q(leases.live()) | Q(pk__in=IssueSession.objects.queued().unparked(timezone.now()))
    return not IssueSession.objects.filter(busy, pk=session_pk).exists()
