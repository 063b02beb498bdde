"""The machines that work for this installation: each part that runs tells so by its host's row, and all can see it.

A part that has said nothing for a minute is dead. Only the database's clock counts.
"""

from __future__ import annotations

import functools
import logging
import socket
import tomllib
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseTrouble
from django.db.models import Case, DateTimeField, ExpressionWrapper, Q, When

from automation.models import Host
from issues.models import IssueSession
from projects import leases
from projects.workspace import space, trees

logger = logging.getLogger(__name__)
BEAT_SECONDS = 10.0
DEAD_AFTER = timedelta(seconds=60)
FORGOTTEN_AFTER = timedelta(days=7)
SESSIONS, QUEUE, CLOCK = PARTS = ("sessions", "queue", "clock")


@dataclass(frozen=True)
class Standing:
    """A host as it is at `now`, by the database's clock. `ages`: since when each part that runs was last heard of."""

    row: Host
    now: datetime
    running: int

    @property
    def name(self) -> str:
        return self.row.name

    @property
    def ages(self) -> dict[str, timedelta]:
        seen = {part: getattr(self.row, f"{part}_seen_at") for part in PARTS}
        return {part: self.now - moment for part, moment in seen.items() if moment is not None}

    def lives(self, part: str) -> bool:
        age = self.ages.get(part)
        return age is not None and age <= DEAD_AFTER

    @property
    def is_alive(self) -> bool:
        return any(self.lives(part) for part in PARTS)

    @property
    def dead_parts(self) -> list[str]:
        """Those that have gone without a word."""
        return [part for part in self.ages if not self.lives(part)]

    @property
    def missed_parts(self) -> list[str]:
        """Those of them that nobody had told to end."""
        return [part for part in self.dead_parts if not (part == SESSIONS and self.row.is_draining)]

    @property
    def is_doubled(self) -> bool:
        """Two machines speak under this name: each overwrites what the other told."""
        return self.row.doubled_at is not None and self.now - self.row.doubled_at <= DEAD_AFTER

    @property
    def slots(self) -> int:
        """What it offers now: nothing while it is dead or hands over."""
        return self.row.slots if self.lives(SESSIONS) and not self.row.is_draining else 0

    @property
    def free(self) -> int:
        return max(0, self.slots - self.running)


def beat(part: str, *, has_begun: bool = False, is_draining: bool = False) -> None:
    """Say that a part of this host lives. `has_begun`: it has just started."""
    values: dict[str, Any] = {f"{part}_seen_at": leases.db_now(), "disk_free_bytes": space.free_bytes()}
    if part == SESSIONS:
        values |= {
            "slots": settings.AUTOWRKERS_AGENT_SLOTS,
            "is_draining": is_draining,
            "version": version(),
        }
    if has_begun:
        values["started_at"] = leases.db_now()
    name, boot = socket.gethostname(), trees.boot_id()
    is_other = ~Q(boot__in=("", boot)) & _heard_lately()
    values |= {"boot": boot, "doubled_at": Case(When(is_other, then=leases.db_now()), default="doubled_at")}
    if not Host.objects.filter(name=name).update(**values):
        Host.objects.get_or_create(name=name)
        Host.objects.filter(name=name).update(**values)


def _heard_lately() -> Q:
    """A host of which some part was heard of within a minute."""
    limit = ExpressionWrapper(leases.db_now() - DEAD_AFTER, output_field=DateTimeField())
    return reduce(or_, (Q(**{f"{part}_seen_at__gt": limit}) for part in PARTS))


def leave(part: str) -> None:
    """A part has ended in good order: nobody waits for it."""
    Host.objects.filter(name=socket.gethostname()).update(**{f"{part}_seen_at": None})


def try_to_leave(part: str) -> None:
    """As far as the database answers: whoever ends does so in any case."""
    try:
        leave(part)
    except DatabaseTrouble as error:
        logger.warning("outcome=not_left %s", type(error).__name__)


def forget_old() -> None:
    """Forget parts, and remove hosts, of which nothing has been heard for a week."""
    limit = ExpressionWrapper(leases.db_now() - FORGOTTEN_AFTER, output_field=DateTimeField())
    rows = Host.objects.all()
    for part in PARTS:
        rows.filter(**{f"{part}_seen_at__lte": limit}).update(**{f"{part}_seen_at": None})
    for part in PARTS:
        rows = rows.exclude(**{f"{part}_seen_at__gt": limit})
    rows.delete()


def standings() -> list[Standing]:
    """Every known host, in two queries."""
    rows = list(Host.objects.annotate(now=leases.db_now()))
    if not rows:
        return []
    owners = IssueSession.objects.running().values_list("lease_owner", flat=True)
    running = Counter(owner.partition(":")[0] for owner in owners)
    return [Standing(row, row.now, running[row.name]) for row in rows]


def is_served(part: str) -> bool:
    """Whether that part runs on some host, as far as is known: before any host was heard of it is held to."""
    limit = ExpressionWrapper(leases.db_now() - DEAD_AFTER, output_field=DateTimeField())
    return Host.objects.filter(**{f"{part}_seen_at__gt": limit}).exists() or not Host.objects.exists()


def free_slots(*, handed_over: int) -> int:
    """How many more sessions all live hosts can take. `handed_over`: those that already wait for a worker.

    Before any host was heard of it is this one that counts.
    """
    known = standings()
    if known:
        return sum(each.free for each in known) - handed_over
    here = IssueSession.objects.running().filter(leases.of_this_host()).count()
    return settings.AUTOWRKERS_AGENT_SLOTS - here - handed_over


@functools.cache
def version() -> str:
    """The product's own, as it was when this process first asked."""
    described = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())
    return str(described["project"]["version"])
