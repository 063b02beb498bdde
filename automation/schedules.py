"""The queue's own heartbeat, once a minute: the fallback for a clock process that is down."""

from __future__ import annotations

from django.db import transaction
from django_q.models import Schedule

from automation import queue


@transaction.atomic
def ensure() -> None:
    """Make sure that the one schedule exists and runs for ever. Safe to repeat."""
    every_minute = {"schedule_type": Schedule.MINUTES, "minutes": 1, "repeats": -1, "cluster": None}
    if not Schedule.objects.filter(func=queue.TICK).update(**every_minute):
        Schedule.objects.create(name="tick", func=queue.TICK, **every_minute)
