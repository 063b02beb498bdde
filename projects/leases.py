"""Leases with a fence: one conditional UPDATE on the database's clock claims, renews or releases a row.

A lease lasts 45 s and is renewed every 5 s. Whoever holds one passes its fence to every write.
"""

from __future__ import annotations

import functools
import os
import secrets
import socket
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db.models import DateTimeField, ExpressionWrapper, F, Model, Q
from django.db.models.expressions import Combinable
from django.db.models.functions import Now
from django.utils import timezone

DURATION = timedelta(seconds=45)
RENEW_SECONDS = 5.0


def db_now() -> Combinable:
    """The only source of lease time: the database's own clock, as an expression."""
    return Now()


def db_in(wait: timedelta) -> Combinable:
    """So much later than now, by the same clock."""
    return ExpressionWrapper(db_now() + wait, output_field=DateTimeField())


@dataclass(frozen=True)
class Lease:
    """Proof of a claim: it holds as long as the row still carries this owner and this fence.

    `taken_over`: the former holder never gave it back, so it may still be alive and believe that it holds it.
    """

    model: type[Model]
    pk: int
    owner: str
    fence: int
    taken_over: bool = False
    claimed_at: datetime = field(default_factory=timezone.now)  # by this host's clock

    @property
    def guard(self) -> Q:
        return Q(pk=self.pk, lease_owner=self.owner, fence=self.fence)


def live() -> Q:
    """Rows that somebody holds now."""
    return Q(lease_until__gt=db_now())


def of_this_host() -> Q:
    """Rows whose present or last holder is a process of this host."""
    return Q(lease_owner__startswith=_host())


def free() -> Q:
    return Q(lease_until=None) | Q(lease_until__lte=db_now())


def not_claimed_since(column: str) -> Q:
    """Free rows not claimed since the moment in `column`: a lease that ran out after it was a dead worker's."""
    return Q(lease_until=None) | Q(lease_until__lte=F(column))


def claim(model: type[Model], pk: int, since: int | None = None, **columns: Any) -> Lease | None:
    """Take the row's lease, and write `columns` with it; None when somebody holds it (or the row is gone).

    With the fence `since` also when somebody has held it after that one.
    """
    owner = f"{_host()}{os.getpid()}:{_namespace()}-{secrets.token_hex(6)}"
    row = model._default_manager.filter(pk=pk).order_by()
    rows = row if since is None else row.filter(fence=since)
    values = columns | {"lease_owner": owner, "lease_until": db_in(DURATION), "fence": F("fence") + 1}
    taken_over = not rows.filter(lease_until=None).update(**values)
    if taken_over and not rows.filter(lease_until__lte=db_now()).update(**values):
        return None
    fence = row.filter(lease_owner=owner).values_list("fence", flat=True).first()
    return None if fence is None else Lease(model, pk, owner, fence, taken_over)


def renew(lease: Lease, **values: Any) -> bool:
    """Push the end of the lease out, and write `values` with it. False: it is lost, and nothing may be written."""
    held = lease.model._default_manager.filter(lease.guard, live())
    return bool(held.update(lease_until=db_in(DURATION), **values))


def release(lease: Lease, **columns: Any) -> None:
    """Give it back, and write `columns` with it, if it is still ours."""
    values = columns | {"lease_owner": "", "lease_until": None}
    lease.model._default_manager.filter(lease.guard).update(**values)


def end_abandoned(model: type[Model]) -> int:
    """End the leases of processes of this host that are gone, so that nobody waits for their time; answers how many."""
    rows = model._default_manager.filter(live(), of_this_host()).order_by()
    gone = [each for each in rows.values_list("pk", "lease_owner", "fence") if _is_gone(each[1])]
    return sum(
        model._default_manager.filter(live(), pk=pk, lease_owner=owner, fence=fence).update(
            lease_until=db_now()
        )
        for pk, owner, fence in gone
    )


def update_held(lease: Lease, **values: Any) -> bool:
    """Write to the leased row, only while the lease is ours."""
    return bool(lease.model._default_manager.filter(lease.guard).update(**values))


def _is_gone(owner: str) -> bool:
    """Of a process that this one could see if it lived; a number that was given anew counts as alive."""
    _, process, token = owner.split(":")
    if not _namespace() or token.partition("-")[0] != _namespace():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


@functools.cache
def _namespace() -> str:
    """What tells processes of this boot from those of containers and other machines; empty where nothing does."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text()[:8]
        return f"{boot}{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return ""


def _host() -> str:
    return f"{socket.gethostname()}:"
