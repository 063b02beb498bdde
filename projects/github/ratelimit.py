"""GitHub's rate limits as a value: what an answer says about them, and until when nothing may be sent.

https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

# "wait for at least one minute before retrying" when a secondary limit does not say how long.
UNSAID_PAUSE = timedelta(seconds=60)
SECONDARY = re.compile(r"secondary rate limit|abuse detection", re.IGNORECASE)


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


def is_limited(status: int, headers: Mapping[str, str], message: str) -> bool:
    """Is this 403 or 429 a limit? A 403 may as well be a missing permission."""
    if status != 403:
        return status == 429
    return (
        "retry-after" in headers
        or headers.get("x-ratelimit-remaining") == "0"
        or SECONDARY.search(message) is not None
    )


def read(headers: Mapping[str, str], *, limited: bool, now: datetime) -> RateLimit:
    """The limits that an answer reports. `headers` must be case-insensitive.

    A limited answer: Retry-After, else the reset when nothing remains, else a minute. A reset that has passed
    by our clock (the clocks differ) is not believed: a minute as well.
    """
    reset = _number(headers, "x-ratelimit-reset")
    rate = RateLimit(
        limit=_number(headers, "x-ratelimit-limit"),
        remaining=_number(headers, "x-ratelimit-remaining"),
        reset_at=None if reset is None else datetime.fromtimestamp(reset, UTC),
    )
    if not limited:
        return rate
    seconds = _number(headers, "retry-after")
    if seconds is not None:
        return replace(rate, retry_at=now + timedelta(seconds=max(seconds, 1)))
    return replace(rate, retry_at=rate.blocked_until(now) or now + UNSAID_PAUSE)


def _number(headers: Mapping[str, str], name: str) -> int | None:
    value = headers.get(name, "")
    return int(value) if re.fullmatch(r"[0-9]{1,10}", value) else None
