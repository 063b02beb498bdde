"""How often a caller may ask: windows of a minute, counted in the database, so that all processes share them.

One statement a request: an upsert that begins a new window or counts on, and answers the count.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection
from rest_framework.exceptions import Throttled
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from projects.models import RequestCount

WINDOW_SECONDS = 60
CLEARED_AT_ONCE = 200
COUNT = """
INSERT INTO projects_requestcount (caller, "window", count) VALUES (%s, %s, 1)
ON CONFLICT (caller) DO UPDATE SET
    count = CASE WHEN projects_requestcount."window" = excluded."window"
                 THEN projects_requestcount.count + 1 ELSE 1 END,
    "window" = excluded."window"
RETURNING count
"""


@dataclass(frozen=True)
class Allowance:
    """What a caller has left in the present window."""

    limit: int
    remaining: int
    reset: int

    @property
    def headers(self) -> dict[str, str]:
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset),
        }


class OutOfAllowance(Throttled):
    """The caller has asked too often; `wait` is the rest of the window."""

    def __init__(self, allowance: Allowance) -> None:
        super().__init__(wait=allowance.reset)
        self.allowance = allowance


def count(request: Request, caller: str) -> Allowance | None:
    """Count the request; None where nothing is limited. Raises OutOfAllowance beyond the limit."""
    kind, limit = _kind(request, caller)
    if limit <= 0:
        return None
    now = time.time()
    window, reset = int(now // WINDOW_SECONDS), WINDOW_SECONDS - int(now % WINDOW_SECONDS)
    with connection.cursor() as cursor:
        cursor.execute(COUNT, [f"{kind} {caller}", window])
        used = int(cursor.fetchone()[0])
    if used == 1:
        _forget(window)
    allowance = Allowance(limit, max(0, limit - used), reset)
    if used > limit:
        raise OutOfAllowance(allowance)
    return allowance


def caller_of(request: Request, user: Any) -> str:
    """A user, whatever tokens they have, or an address. Proxies are not asked: anybody could write their header."""
    if user is not None and user.is_authenticated:
        return f"user {user.pk}"
    return f"address {request.META.get('REMOTE_ADDR') or 'unknown'}"[:90]


def _kind(request: Request, caller: str) -> tuple[str, int]:
    if caller.startswith("address "):
        return "any", settings.API_ANONYMOUS_PER_MINUTE
    if request.method in SAFE_METHODS:
        return "read", settings.API_READS_PER_MINUTE
    return "verb", settings.API_CHANGES_PER_MINUTE


def _forget(window: int) -> None:
    """A new window is the moment to drop a few rows of callers that have gone."""
    gone = RequestCount.objects.filter(window__lt=window - WINDOW_SECONDS).order_by("window")
    RequestCount.objects.filter(pk__in=list(gone.values_list("pk", flat=True)[:CLEARED_AT_ONCE])).delete()
