"""How often somebody may try to log in: tries of an address, and of an address under one name, in a shared window."""

from __future__ import annotations

import hashlib
import time

from django.db import connection
from django.db.models import F

from projects.models import RequestCount
from projects.throttling import COUNT
from projects.throttling import WINDOW_SECONDS as UNIT

WINDOW_SECONDS = 600
TRIES_OF_A_NAME = 10
TRIES_OF_AN_ADDRESS = 50
PREFIX = "login "


class TooManyTries(Exception):
    """`wait` seconds are left of the window."""

    def __init__(self, wait: int) -> None:
        super().__init__(wait)
        self.wait = wait


class LoginBrake:
    """Counts each try before its password is looked at, so that tries at the same time are counted as well."""

    def __init__(self, address: str, name: str) -> None:
        whose = hashlib.sha256(f"{address} {name}".encode(errors="replace")).hexdigest()
        self._of_name = f"{PREFIX}name {whose}"
        self._of_address = f"{PREFIX}address {address}"[:100]

    def count(self) -> None:
        """Raises TooManyTries, also where the password would be right."""
        now = int(time.time())
        window, wait = now // WINDOW_SECONDS * (WINDOW_SECONDS // UNIT), WINDOW_SECONDS - now % WINDOW_SECONDS
        if _counted(self._of_name, window) > TRIES_OF_A_NAME:
            raise TooManyTries(wait)
        tries = _counted(self._of_address, window)
        if tries > TRIES_OF_AN_ADDRESS:
            raise TooManyTries(wait)
        if tries == 1:
            RequestCount.objects.filter(caller__startswith=PREFIX, window__lt=window).delete()

    def forget(self) -> None:
        """The password was right: the name begins anew, and of the address this one was no failure."""
        RequestCount.objects.filter(caller=self._of_name).delete()
        RequestCount.objects.filter(caller=self._of_address, count__gt=0).update(count=F("count") - 1)


def _counted(caller: str, window: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(COUNT, [caller, window])
        return int(cursor.fetchone()[0])
