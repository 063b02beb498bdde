"""The quota of one credential, shared by all processes of all hosts: read before each request, written after it.

Its row is the only memory, and the database's clock the only clock. Between the answer that tells of a limit and
the row that holds it nobody else is stopped: that is a matter of milliseconds.
"""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, connection
from django.db.models import Case, DateTimeField, F, IntegerField, Q, Value, When
from django.utils import timezone

from projects import clocks, leases
from projects.errors import OperatorError
from projects.github import answers, meter, ratelimit
from projects.github.changes import content_free_at, spent
from projects.github.errors import GitHubRateLimited
from projects.github.meter import ASKING
from projects.github.ratelimit import KEPT_FOR, Priority, RateLimit
from projects.models import Credential

SAME_WINDOW = timedelta(minutes=1)  # two resets no further apart belong to one hour
GOOD_HOUR = timedelta(hours=1)  # after it a refusal is the first one again
POINTS_A_MINUTE = 450  # GitHub allows 900 in any minute: ours begin on the clock, so two of them may meet
ASKING_POINTS, CHANGE_POINTS = 1, 5
LONGEST_WAIT = timedelta(seconds=3)
LOW_PART = 0.5  # of each budget of changes, and of the longest wait: the rest is for those who come first
KEPT = "The other half of the changes that GitHub allows is kept for publishing and for what people ask for"
TRIES = 50
TOKEN_GONE = "The token was withdrawn while it was in use."  # noqa: S105


@dataclass(frozen=True)
class Standing:
    """The row as it was at `now`."""

    now: datetime
    rate: RateLimit
    refusals: int
    minute: datetime | None
    points: int
    change_at: datetime | None
    changes: list[float]


class CredentialMeter:
    """Lets requests of one credential out, for one `priority`; see `meter.Meter`."""

    def __init__(
        self,
        credential_pk: int,
        *,
        priority: Priority = Priority.SYNC,
        interval_seconds: float = 1.0,
    ) -> None:
        self.priority = priority
        self._rows = Credential.objects.filter(pk=credential_pk)
        self._interval = timedelta(seconds=interval_seconds)
        self._read_at = 0.0
        self._standing: Standing | None = None

    def now(self) -> datetime:
        if self._standing is None:
            return timezone.now()
        return self._standing.now + timedelta(seconds=time.monotonic() - self._read_at)

    def admit(self, method: str, *, makes_content: bool = True) -> None:
        standing = self._look()
        if method not in ASKING and self._take_turn(standing, makes_content=makes_content):
            self._look()

    def note(self, method: str, headers: Mapping[str, str], *, limited: bool) -> None:
        assert self._standing is not None  # noqa: S101 - `admit` was asked before
        now, server_now = self.now(), answers.server_date(headers)
        unsaid = ratelimit.unsaid_pause(_refusals(self._standing), random.random())  # noqa: S311
        rate = ratelimit.read(headers, limited=limited, now=now, server_now=server_now, unsaid=unsaid)
        refused_until = self._keep_refusal(rate.retry_at or now + unsaid) if limited else None
        values = _points(now, ASKING_POINTS if method in ASKING else CHANGE_POINTS)
        if headers.get("x-ratelimit-resource", "core") == "core":
            values |= _hour(rate)
        if method not in ASKING:
            end = _moment(now + self._interval)
            values["rate_change_at"] = Case(
                When(rate_change_at__gt=now + self._interval, then="rate_change_at"), default=end
            )
        self._rows.update(**values)
        if refused_until is not None:
            raise GitHubRateLimited(refused_until)

    def _look(self) -> Standing:
        """The present row. Raises GitHubRateLimited while nothing may be sent."""
        found = self._rows.annotate(moment=leases.db_now()).values_list(
            "moment",
            *("rate_limit", "rate_remaining", "rate_reset_at", "rate_retry_at"),
            *("rate_refusals", "rate_minute", "rate_points", "rate_change_at", "rate_changes"),
        )
        row = found.first()
        if row is None:
            raise OperatorError("credential.missing", TOKEN_GONE, "Store a token with the project again.")
        standing = Standing(row[0], RateLimit(*row[1:5]), *row[5:])
        self._standing, self._read_at = standing, time.monotonic()
        _check(standing, self.priority)
        return standing

    def _take_turn(self, standing: Standing, *, makes_content: bool) -> bool:
        """Reserve the next moment for a change and wait for it. True: it was waited for, so look again."""
        gives_way = self.priority >= Priority.SYNC
        part = LOW_PART if gives_way else 1.0
        for _ in range(TRIES):
            free_at = _points_free_at(standing, int(POINTS_A_MINUTE * part))
            if free_at is None and makes_content:
                free_at = content_free_at(standing.changes, standing.now, part=part)
            if free_at is not None:
                why = KEPT if gives_way else "So many changes are as much as GitHub allows"
                raise GitHubRateLimited(free_at, why, is_reserve=gives_way)
            reserved = standing.change_at or standing.now
            if clocks.is_ahead(reserved, standing.now):  # nobody reserves so far ahead
                reserved = standing.now
            turn = max(standing.now, reserved)
            if turn - standing.now > LONGEST_WAIT * part:
                later = turn + timedelta(seconds=5 * random.random())  # noqa: S311
                why = "Others' changes with this token go first, one a second,"
                raise GitHubRateLimited(later, why, is_reserve=gives_way)
            hour_ago = standing.now.timestamp() - 3600
            made = [moment for moment in standing.changes if moment > hour_ago]
            made += [turn.timestamp()] if makes_content else []
            if self._rows.filter(rate_change_at=standing.change_at).update(
                rate_change_at=turn + self._interval, rate_changes=made
            ):
                wait = (turn - standing.now).total_seconds()
                if wait > 0:
                    time.sleep(wait)
                return wait > 0
            standing = self._look()
        why = "Others' changes with this token go first"
        raise GitHubRateLimited(standing.now + LONGEST_WAIT, why, is_reserve=gives_way)

    def _keep_refusal(self, until: datetime) -> datetime:
        """All processes go by it, so it is not lost with a connection: a second one is tried at once."""
        try:
            return self._refuse(until)
        except DatabaseError:
            connection.close()
            return self._refuse(until)

    def _refuse(self, until: datetime) -> datetime:
        """Store the refusal, unless one that ends later is there; answers when the stored one ends.

        Requests that were out together and are all refused count as one.
        """
        assert self._standing is not None  # noqa: S101
        first = self._rows.filter(Q(rate_retry_at=None) | Q(rate_retry_at__lte=self._standing.now))
        refusals = min(_refusals(self._standing) + 1, 100)
        if not first.update(rate_retry_at=until, rate_refusals=refusals):
            self._rows.filter(rate_retry_at__lt=until).update(rate_retry_at=until)
        return self._rows.values_list("rate_retry_at", flat=True).first() or until


def is_low(credential: Credential, now: datetime | None = None) -> bool:
    """Does synchronising wait for the hour's end, or everything for the end of a refusal?"""
    rate, now = rate_of(credential), now or timezone.now()
    return rate.blocked_until(now) is not None or rate.kept_until(Priority.SYNC, now) is not None


def overview(credential: Credential, now: datetime) -> str:
    """How much is left and until when, who waits, and the changes of late; empty while nothing is known."""
    rate, said = rate_of(credential), []
    blocked = rate.blocked_until(now)
    if blocked is not None:
        said.append(f"GitHub refuses this token until {blocked:%H:%M:%S} UTC.")
    if rate.limit is not None and rate.remaining is not None and rate.reset_at and rate.reset_at > now:
        said.append(
            f"{rate.remaining:,} of {rate.limit:,} requests are left until {rate.reset_at:%H:%M} UTC."
        )
        waiting = [priority for priority in Priority if rate.kept_until(priority, now) is not None]
        if waiting and blocked is None:
            said.append(f"They are kept for {KEPT_FOR[waiting[0]]}.")
    (minute, most), (hour, most_an_hour) = spent(credential.rate_changes, now)
    if hour:
        said.append(f"Changes: {minute} of {most} in a minute, {hour} of {most_an_hour} in an hour.")
    return " ".join(said)


def rate_of(credential: Credential) -> RateLimit:
    return RateLimit(
        credential.rate_limit,
        credential.rate_remaining,
        credential.rate_reset_at,
        credential.rate_retry_at,
    )


def _check(standing: Standing, priority: Priority) -> None:
    meter.check(standing.rate, priority, standing.now)
    until = _points_free_at(standing, POINTS_A_MINUTE)
    if until is not None:
        raise GitHubRateLimited(until, "So many requests in a minute are enough for GitHub")


def _points_free_at(standing: Standing, most: int) -> datetime | None:
    if standing.minute is None or standing.points < most:
        return None
    end = standing.minute + timedelta(minutes=1)
    return end if end > standing.now and not clocks.is_ahead(standing.minute, standing.now) else None


def _refusals(standing: Standing) -> int:
    """How many came one after another, without a good hour between them."""
    last = standing.rate.retry_at
    return standing.refusals if last is not None and standing.now - last < GOOD_HOUR else 0


def _points(now: datetime, points: int) -> dict[str, Any]:
    minute = now.replace(second=0, microsecond=0)
    counted = Case(
        When(rate_minute=minute, then=F("rate_points") + points), default=points, output_field=IntegerField()
    )
    return {"rate_minute": minute, "rate_points": counted}


def _hour(rate: RateLimit) -> dict[str, Any]:
    """A later hour replaces the stored one; within one hour `remaining` only goes down, whatever comes late."""
    if rate.remaining is None or rate.reset_at is None:
        return {}
    later = Q(rate_reset_at=None) | Q(rate_reset_at__lt=rate.reset_at - SAME_WINDOW)
    same = Q(rate_reset_at__lte=rate.reset_at + SAME_WINDOW)
    lower = same & (Q(rate_remaining=None) | Q(rate_remaining__gt=rate.remaining))
    return {
        "rate_limit": rate.limit,
        "rate_remaining": Case(
            When(later | lower, then=rate.remaining), default="rate_remaining", output_field=IntegerField()
        ),
        "rate_reset_at": Case(When(later, then=_moment(rate.reset_at)), default="rate_reset_at"),
    }


def _moment(moment: datetime) -> Value:
    return Value(moment, output_field=DateTimeField())
