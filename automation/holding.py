"""Holding a session's lease: a thread renews it, notices requests, and ends the work when either says so."""

from __future__ import annotations

import threading
import time
from types import TracebackType

from django.db import DatabaseError, connection

from issues.models import IssueSession
from projects import leases
from projects.leases import Lease
from projects.workspace.processes import Stop

LOST = "lease lost"
REQUESTED = "requested"
MARGIN_SECONDS = 10.0


class Holding:
    """Context manager around the work on one session.

    `stop` is set with LOST when the lease cannot be renewed in time (nothing may be written any more), or with
    REQUESTED when somebody asked for stop or skip. What waits for a process waits on `stop` as well.
    """

    def __init__(self, lease: Lease, *, renew_seconds: float = leases.RENEW_SECONDS) -> None:
        self.lease = lease
        self.stop = Stop()
        self._renew_seconds = renew_seconds
        self._ended = threading.Event()
        self._lost = threading.Event()
        self._thread = threading.Thread(target=self._keep, name=f"lease-{lease.pk}", daemon=True)

    def __enter__(self) -> Holding:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        if not self.is_lost:
            leases.release(self.lease)

    @property
    def is_lost(self) -> bool:
        return self._lost.is_set()

    def _keep(self) -> None:
        renewed = time.monotonic()
        try:
            while not self._ended.wait(self._renew_seconds) and not self.is_lost:
                answer = self._renew()
                if answer is True:
                    renewed = time.monotonic()
                deadline = leases.DURATION.total_seconds() - MARGIN_SECONDS
                if answer is False or time.monotonic() - renewed > deadline:
                    self._lost.set()
                    self.stop.request(LOST)
        finally:
            connection.close()

    def _renew(self) -> bool | None:
        """True: renewed. False: lost. None: the database did not answer; there is time for another try."""
        try:
            if not leases.renew(self.lease):
                return False
            if IssueSession.objects.filter(self.lease.guard).exclude(requested_verb="").exists():
                self.stop.request(REQUESTED)
        except DatabaseError:
            connection.close()
            return None
        return True
