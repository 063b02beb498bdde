"""Holding a lease: one thread renews it, another watches the clock, and either ends the work in time.

A session's holder also gives up a step that does not come to an end, since nobody else could.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from types import TracebackType
from typing import Any

from django.db import DatabaseError, connection

from automation import draining, overdue
from issues.models import IssueSession
from projects import leases
from projects.leases import Lease
from projects.workspace.processes import Stop

logger = logging.getLogger(__name__)
LOST = "lease lost"
REQUESTED = "requested"
HANDED_OVER = "handed over"
end_process = os._exit
LAST_SECONDS = 30.0  # for a hanging step to hear that it is stopped; its lease ends meanwhile
MARGIN_SECONDS = 12.0  # for ending a process tree before the lease ends


class Heartbeat:
    """Context manager around work under a lease.

    `stop` is set with LOST when the lease is gone, or when it could not be renewed in time: then nothing may be
    written any more. The watch over that time asks no database, so that a hanging one cannot delay it.
    """

    def __init__(
        self,
        lease: Lease,
        *,
        renew_seconds: float = leases.RENEW_SECONDS,
        give_up_seconds: float = leases.DURATION.total_seconds() - MARGIN_SECONDS,
    ) -> None:
        self.lease = lease
        self.stop = _InTime(self)
        self.parting: dict[str, Any] = {}  # columns that are written when the lease is given back
        self._renew_seconds, self._give_up_seconds = renew_seconds, give_up_seconds
        self._renewed = time.monotonic()
        self._ended, self._lost = threading.Event(), threading.Event()
        self._threads = [
            threading.Thread(target=target, name=f"lease-{lease.pk}", daemon=True)
            for target in (self._keep, self._watch)
        ]

    def __enter__(self) -> Heartbeat:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()
        if not self.is_lost:
            leases.release(self.lease, **self.parting)

    @property
    def is_lost(self) -> bool:
        return self._lost.is_set()

    @property
    def is_late(self) -> bool:
        return time.monotonic() - self._renewed >= self._give_up_seconds

    def _watch(self) -> None:
        while not self._ended.wait(max(0.0, self._renewed + self._give_up_seconds - time.monotonic())):
            if self.is_late:
                self._lose()
                return

    def _keep(self) -> None:
        try:
            while not self._ended.wait(self._renew_seconds) and not self.is_lost:
                asked_at = time.monotonic()
                answer = self._renew()
                if answer is True:
                    self._renewed = asked_at
                elif answer is False:
                    self._lose()
        finally:
            connection.close()

    def _renew(self) -> bool | None:
        """True: renewed. False: lost. None: the database did not answer; there may be time for another try."""
        try:
            if not leases.renew(self.lease, **self._news()):
                return False
            self._look()
        except DatabaseError:
            connection.close()
            return None
        return True

    def _look(self) -> None:
        """What else to look at whenever the lease was renewed."""

    def _news(self) -> dict[str, Any]:
        """What else to write whenever the lease is renewed."""
        return {}

    def give_up(self) -> None:
        self._lost.set()
        self.stop.request(LOST)

    def _lose(self) -> None:
        self.give_up()


class _InTime(Stop):
    """Also set where a process that was frozen asks before its own watch has woken: its lease is lost then."""

    def __init__(self, heartbeat: Heartbeat) -> None:
        super().__init__()
        self._heartbeat = heartbeat

    def is_set(self) -> bool:
        if self._heartbeat.is_late:
            self._heartbeat.give_up()
        return super().is_set()


class _Wish(_InTime):
    """Also set, by HANDED_OVER, as soon as this process is to hand over what it holds."""

    def is_set(self) -> bool:
        if draining.is_due():
            self.request(HANDED_OVER)
        return super().is_set()


class Holding(Heartbeat):
    """A heartbeat on a session: `stop` is set with REQUESTED when somebody asked for stop or skip."""

    def __init__(self, lease: Lease, *, ends_process: bool = False, **seconds: float) -> None:
        """`ends_process`: a worker of the queue, which is replaced when it hangs and does not hear the stop either."""
        super().__init__(lease, **seconds)
        self.stop = _Wish(self)
        self._ends_process = ends_process
        self._allowed_until: float | None = None
        self._heard_at = self._told_at = self._telling = time.monotonic()

    def hear(self) -> None:
        """What runs for the session has given a sign of life. Costs nothing: the next renewal tells it."""
        self._heard_at = time.monotonic()

    def allow(self, seconds: float) -> None:
        """How long the step that begins may take, before this holder counts as hanging."""
        self.hear()
        self._allowed_until = time.monotonic() + seconds

    def __enter__(self) -> Holding:
        super().__enter__()
        return self

    def _renew(self) -> bool | None:
        if self._allowed_until is None or time.monotonic() <= self._allowed_until:
            return super()._renew()
        logger.error("session=%s outcome=overdue Its step does not come to an end.", self.lease.pk)
        try:
            overdue.note_once(self.lease.pk, socket.gethostname())
        except DatabaseError:
            connection.close()
        return False

    def _lose(self) -> None:
        super()._lose()
        is_overdue = self._allowed_until is not None and time.monotonic() > self._allowed_until
        if is_overdue and self._ends_process and not self._ended.wait(LAST_SECONDS):
            logger.error("session=%s outcome=worker_given_up It does not hear the stop.", self.lease.pk)
            end_process(1)

    def _news(self) -> dict[str, Any]:
        """By the database's clock, so late by one renewal at most."""
        self._telling = self._heard_at
        return {"heard_at": leases.db_now()} if self._telling > self._told_at else {}

    def _look(self) -> None:
        self._told_at = self._telling
        if IssueSession.objects.filter(self.lease.guard).exclude(requested_verb="").exists():
            self.stop.request(REQUESTED)
