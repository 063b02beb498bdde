"""The feed of events: in the order of their ids, so that a client that goes on from its cursor misses nothing.

Ids are given before they are committed. On PostgreSQL a later one may become visible first; so while others write
events, what is younger than the oldest of these writers waits for them. SQLite has one writer at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Max, QuerySet

from issues.models import SessionEvent

CLOCKS_DIFFER = timedelta(seconds=10)  # between our hosts and the database, a slow statement included
OLDEST_WRITER = """
SELECT min(coalesce(activity.xact_start, 'epoch'))
FROM pg_locks AS held
JOIN pg_database ON pg_database.oid = held.database AND datname = current_database()
JOIN pg_stat_activity AS activity USING (pid)
WHERE held.relation = %s::regclass AND held.mode = 'RowExclusiveLock' AND held.pid <> pg_backend_pid()
"""


@dataclass(frozen=True)
class Page:
    events: list[SessionEvent]
    next_cursor: int
    has_more: bool


def page(visible: QuerySet[SessionEvent], after: int, size: int) -> Page:
    """The first `size` of the visible events behind `after`, and where to go on."""
    rows = visible.filter(pk__gt=after).order_by("pk")
    upto = _settled(after, _reach(rows, size))
    events = list(rows.filter(pk__lte=upto)[: size + 1])
    if len(events) > size:
        return Page(events[:size], events[size - 1].pk, True)
    return Page(events, max(after, upto), False)


def _reach(rows: QuerySet[SessionEvent], size: int) -> int:
    """The id up to which this page looks: of its own last row and one more, or the newest of all."""
    last = rows.values_list("pk", flat=True)[size : size + 1].first()
    return int(last or SessionEvent.objects.aggregate(newest=Max("pk"))["newest"] or 0)


def _settled(after: int, reach: int) -> int:
    """The last event up to `reach` before which none can turn up any more: an open writer's ids are behind it."""
    writing_since = _oldest_writer()
    if writing_since is None:
        return reach
    asked = SessionEvent.objects.filter(pk__gt=after, pk__lte=reach)
    unsure = asked.filter(created_at__gte=writing_since - CLOCKS_DIFFER)
    first = unsure.order_by("pk").values_list("pk", flat=True).first()
    if first is None:
        return reach
    return int(asked.filter(pk__lt=first).aggregate(last=Max("pk"))["last"] or after)


def _oldest_writer() -> datetime | None:
    if connection.vendor != "postgresql":
        return None
    with connection.cursor() as cursor:
        cursor.execute(OLDEST_WRITER, [SessionEvent._meta.db_table])
        row = cursor.fetchone()
    return row[0] if row else None
