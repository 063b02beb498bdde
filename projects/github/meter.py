"""Who lets a request out: a meter is asked before each one and told of each answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol

from django.utils import timezone

from projects.github import answers, ratelimit
from projects.github.errors import GitHubRateLimited
from projects.github.ratelimit import KEPT_FOR, Priority, RateLimit

ASKING = ("GET", "HEAD")


class Meter(Protocol):
    """`priority` is that of the requests to come."""

    priority: Priority

    def now(self) -> datetime:
        """The clock that the limits are measured by."""

    def admit(self, method: str, *, makes_content: bool = True) -> None:
        """Return when the request may leave: at once, or after the distance that changes keep.

        `makes_content`: a change that leaves something for people to read, which GitHub counts on its own.
        Raises GitHubRateLimited with the moment when it may be tried again.
        """

    def note(self, method: str, headers: Mapping[str, str], *, limited: bool) -> None:
        """Learn from an answer. Raises GitHubRateLimited when it is `limited`."""


def check(rate: RateLimit, priority: Priority, now: datetime) -> None:
    """Raises GitHubRateLimited while a refusal is in force, or what is left of the hour is kept for others."""
    until = rate.blocked_until(now)
    if until is not None:
        raise GitHubRateLimited(until)
    until = rate.kept_until(priority, now)
    if until is not None:
        left = f"Of {rate.limit:,} requests an hour {rate.remaining:,} are left, and these are kept for"
        raise GitHubRateLimited(until, f"{left} {KEPT_FOR[priority]}", is_reserve=True)


class LocalMeter:
    """For a token that this process alone uses."""

    def __init__(
        self,
        *,
        priority: Priority = Priority.PUBLISH,
        rate: RateLimit | None = None,
        on_rate: Callable[[RateLimit], None] | None = None,
        interval_seconds: float = 1.0,
        now: Callable[[], datetime] = timezone.now,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.priority = priority
        self.rate = rate or RateLimit()
        self.now = now
        self._on_rate, self._interval = on_rate, interval_seconds
        self._monotonic, self._sleep = monotonic, sleep
        self._last_change: float | None = None

    def admit(self, method: str, *, makes_content: bool = True) -> None:
        check(self.rate, self.priority, self.now())
        if method in ASKING:
            return
        if self._last_change is not None:
            self._sleep(max(0.0, self._last_change + self._interval - self._monotonic()))
        self._last_change = self._monotonic()

    def note(self, method: str, headers: Mapping[str, str], *, limited: bool) -> None:
        if method not in ASKING:
            self._last_change = self._monotonic()
        now = self.now()
        rate = ratelimit.read(headers, limited=limited, now=now, server_now=answers.server_date(headers))
        if rate == RateLimit():
            return
        self.rate = rate
        if self._on_rate is not None:
            self._on_rate(rate)
        if limited:
            raise GitHubRateLimited(rate.blocked_until(now) or now)
