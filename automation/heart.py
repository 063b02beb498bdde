"""A cluster's heart: it tells every ten seconds that its part of this host lives, and looks once a minute for alerts.

So a clock or a host that died is told by whichever part still lives.
"""

from __future__ import annotations

import logging
import threading
import time

from django.db import connection

from automation import alerts, draining, hosts, recovery
from automation.apart import NO_DATABASE, Apart

logger = logging.getLogger(__name__)
LOOK_SECONDS = 60.0
POLL_SECONDS = 0.5


class Heart:
    def __init__(self, part: str) -> None:
        self._part = part
        self._has_begun = True
        self._has_left = False
        self._beats = threading.Lock()
        self._looks_at = 0.0
        self._settle()

    def start(self) -> None:
        threading.Thread(target=self._beat_for_ever, name="host-beat", daemon=True).start()

    def leave(self) -> None:
        """The part ends in good order. No beat that was on its way says otherwise afterwards."""
        with self._beats:
            self._has_left = True
            hosts.try_to_leave(self._part)

    def beat(self) -> None:
        """What fails in one beat is told, and keeps neither its other acts nor the next beat from their turn."""
        try:
            with Apart("act=beat"), self._beats:
                self._tell()
            with Apart("act=end_leases"):
                recovery.end_abandoned_leases()
            if time.monotonic() >= self._looks_at and not draining.has_begun():
                self._looks_at = time.monotonic() + LOOK_SECONDS
                with Apart("act=look"):
                    alerts.look()
        except NO_DATABASE as error:
            logger.warning("outcome=no_beat %s", type(error).__name__)
            connection.close()
            self._settle()

    def _tell(self) -> None:
        if not self._has_left:
            hosts.beat(self._part, has_begun=self._has_begun, is_draining=draining.has_begun())
            self._has_begun = False

    def _settle(self) -> None:
        """At first, and once a database is back, all parts are given time to tell of themselves."""
        self._looks_at = time.monotonic() + alerts.SETTLED_SECONDS

    def _beat_for_ever(self) -> None:
        while True:
            was_draining = draining.has_begun()
            self.beat()
            until = time.monotonic() + hosts.BEAT_SECONDS
            while time.monotonic() < until and draining.has_begun() == was_draining:
                time.sleep(POLL_SECONDS)
