"""Moments that a host wrote by its own clock. One that lies ahead was written by a clock that was wrong."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q

APART = timedelta(minutes=1)  # so far the clocks of hosts may differ


def is_due(last: datetime | None, every: timedelta, now: datetime) -> bool:
    """Whether it is time again for what was done at `last`. What is said to be done later than now is done again."""
    return last is None or not now - every < last <= now


def is_ahead(moment: datetime | None, now: datetime) -> bool:
    """Whether the clock that wrote it was wrong: of what was written with it no wait is believed."""
    return moment is not None and moment > now + APART


def ahead(column: str, now: datetime) -> Q:
    """`is_ahead`, of rows."""
    return Q(**{f"{column}__gt": now + APART})
