"""How many changes GitHub takes from one account: 80 in any minute, 500 in any hour. Pure.

https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

BUDGETS = ((60, 80), (3600, 500))  # seconds, changes: the web's and git's own are not ours to count


def content_free_at(changes: Sequence[float], now: datetime, *, part: float = 1.0) -> datetime | None:
    """When the next change may be made, given the moments (seconds since 1970) of those made; None: now.

    `part`: how much of each budget this one may use up.
    """
    present = now.timestamp()
    ends = []
    for seconds, whole in BUDGETS:
        most = int(whole * part)
        recent = sorted(moment for moment in changes if moment > present - seconds)
        if len(recent) >= most:
            ends.append(recent[-most] + seconds)
    return datetime.fromtimestamp(max(ends), UTC) if ends else None


def spent(changes: Sequence[float], now: datetime) -> tuple[tuple[int, int], ...]:
    """Of each budget how many are used, and of how many."""
    present = now.timestamp()
    return tuple((sum(moment > present - seconds for moment in changes), most) for seconds, most in BUDGETS)
