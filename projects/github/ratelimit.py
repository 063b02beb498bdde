"""GitHub's rate limits as values: what an answer says about them, until when nothing may be sent, and who goes first.

https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import IntEnum

# "wait for at least one minute before retrying" when a secondary limit does not say how long, then longer and longer.
UNSAID_PAUSE = timedelta(seconds=60)
LONGEST_PAUSE = timedelta(hours=1)
LONGEST_WINDOW = timedelta(hours=24)  # a reset further away is a mistake
STATUSES = (403, 429)  # one of them with a body that nobody could read may be a limit, and is taken for one
SECONDARY = re.compile(r"secondary rate limit|abuse detection", re.IGNORECASE)


class Priority(IntEnum):
    """What a request is for. Those who come later leave a part of the hour to those who come first."""

    PUBLISH = 0
    PEOPLE = 1
    FOLLOW = 2
    SYNC = 3
    BACKFILL = 4


RESERVES = {
    Priority.PUBLISH: 0.001,
    Priority.PEOPLE: 0.05,
    Priority.FOLLOW: 0.10,
    Priority.SYNC: 0.20,
    Priority.BACKFILL: 0.50,
}
KEPT_FOR = {
    Priority.PUBLISH: "what is on its way",
    Priority.PEOPLE: "publishing",
    Priority.FOLLOW: "publishing and for what people ask for",
    Priority.SYNC: "publishing, for what people ask for and for following pull requests",
    Priority.BACKFILL: "everything but first listings",
}


@dataclass(frozen=True, slots=True)
class RateLimit:
    """Requests per hour and how many are left; `retry_at` is set by a refusal. None: GitHub did not say."""

    limit: int | None = None
    remaining: int | None = None
    reset_at: datetime | None = None
    retry_at: datetime | None = None

    def blocked_until(self, now: datetime) -> datetime | None:
        """The moment before which no request may be sent with this token; None when one may be sent now."""
        ends = [self.retry_at, self.reset_at if self.remaining == 0 else None]
        return max((end for end in ends if end is not None and end > now), default=None)

    def kept_until(self, priority: Priority, now: datetime) -> datetime | None:
        """When the hour ends of which this priority has had its part; None while it may send."""
        if self.limit is None or self.remaining is None or self.reset_at is None or self.reset_at <= now:
            return None
        return self.reset_at if self.remaining <= int(self.limit * RESERVES[priority]) else None


def is_limited(status: int, headers: Mapping[str, str], message: str) -> bool:
    """Is this 403 or 429 a limit? A 403 may as well be a missing permission."""
    if status != 403:
        return status == 429
    return (
        "retry-after" in headers
        or headers.get("x-ratelimit-remaining") == "0"
        or SECONDARY.search(message) is not None
    )


def unsaid_pause(refusals: int, chance: float = 0.0) -> timedelta:
    """The wait for a limit that names none: doubled by each refusal before, up to a tenth longer by chance."""
    doubled = UNSAID_PAUSE * (1 << min(refusals, 10))
    return min(doubled * (1 + chance / 10), LONGEST_PAUSE)


def read(
    headers: Mapping[str, str],
    *,
    limited: bool,
    now: datetime,
    server_now: datetime | None = None,
    unsaid: timedelta = UNSAID_PAUSE,
) -> RateLimit:
    """The limits that an answer reports. `headers` must be case-insensitive; `server_now` is its Date.

    A limited answer: Retry-After, else the reset when nothing remains (a distance on GitHub's own clock where it is
    known), else `unsaid`. A reset that has passed (the clocks differ) is not believed: `unsaid` as well.
    """
    reset = _number(headers, "x-ratelimit-reset")
    reset_at = None if reset is None else datetime.fromtimestamp(reset, UTC)
    rate = RateLimit(
        limit=_number(headers, "x-ratelimit-limit"),
        remaining=_number(headers, "x-ratelimit-remaining"),
        reset_at=reset_at if reset_at is None or reset_at - now < LONGEST_WINDOW else None,
    )
    if not limited:
        return rate
    seconds = _number(headers, "retry-after")
    if seconds is not None:
        return replace(rate, retry_at=now + timedelta(seconds=max(seconds, 1)))
    if rate.remaining == 0 and rate.reset_at is not None:
        distance = rate.reset_at - (server_now or now)
        if distance > timedelta():
            return replace(rate, retry_at=now + distance)
    return replace(rate, retry_at=now + unsaid)


def _number(headers: Mapping[str, str], name: str) -> int | None:
    value = headers.get(name, "")
    return int(value) if re.fullmatch(r"[0-9]{1,10}", value) else None
