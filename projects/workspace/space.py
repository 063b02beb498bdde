"""Room on this host's disks: the gate below which nothing starts or goes on, and what one program may write.

A program's folders are measured by `du`, which costs, only when the disk has lost so much since the last look that
they may be too large, and once a minute in any case: what others remove meanwhile would hide it.
"""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import connection

from projects.workspace.folders import disk_usage
from projects.workspace.supervision import SpaceFault, Stop

FREE_BYTES = 500 * 2**20
LOOK_SECONDS = 0.5
MEASURED_EVERY_SECONDS = 60.0
REST = 10.0  # times as long as a measurement took there is none


def written_folders() -> Iterable[Path]:
    """Where this host writes."""
    yield settings.AUTOWRKERS_WORKSPACE_ROOT
    yield settings.AUTOWRKERS_LOG_ROOT
    if connection.vendor == "sqlite":
        yield Path(str(connection.settings_dict["NAME"])).parent


def free_bytes() -> int | None:
    """The least that is free in a folder which this host writes; None when none can be looked at."""
    found = []
    for folder in written_folders():
        try:
            found.append(shutil.disk_usage(folder).free)
        except OSError:
            continue
    return min(found, default=None)


def is_short() -> bool:
    """Whether so little is free that nothing may start."""
    free = free_bytes()
    return free is not None and free < FREE_BYTES


def shortage() -> str:
    """What to say about it."""
    free = (free_bytes() or 0) // 2**20
    return (
        f"Only {free} MB are free for the workspace, the logs or the database on {socket.gethostname()}. "
        f"Free at least {FREE_BYTES // 2**20} MB."
    )


@dataclass(frozen=True)
class Measured:
    total_bytes: int
    free_bytes: int
    seconds: float
    moment: float


class Meter:
    """Context manager: while a program runs, a thread looks at what it writes, and at what is left for the host.

    When that becomes too little, programs whose folders hold much are ended first: often the others can go on.
    """

    def __init__(self, places: Sequence[Path], *, cap_bytes: int) -> None:
        self.fault: SpaceFault | None = None
        self._places, self._cap_bytes = places, cap_bytes
        self._stop = Stop()
        self._ended = threading.Event()
        self._last: Measured | None = None
        self._thread = threading.Thread(target=self._watch, name="space", daemon=True)

    def __enter__(self) -> Meter:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.request("the program has ended")
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while self.fault is None and not self._ended.wait(LOOK_SECONDS):
            self.fault = self._look()

    def _look(self) -> SpaceFault | None:
        least = free_bytes()
        is_short = least is not None and least < FREE_BYTES
        if self._is_due(is_short):
            self._measure()
        total = self._last.total_bytes if self._last else 0
        if total > self._cap_bytes:
            return "writes"
        if least is not None and least < (FREE_BYTES if total > FREE_BYTES else FREE_BYTES // 2):
            return "no_space"
        return None

    def _is_due(self, is_short: bool) -> bool:
        if self._last is None:
            return True
        passed = time.monotonic() - self._last.moment
        written_at_most = self._last.total_bytes + self._last.free_bytes - self._free_here()
        is_suspect = is_short or written_at_most > self._cap_bytes
        return passed > (REST * self._last.seconds if is_suspect else MEASURED_EVERY_SECONDS)

    def _measure(self) -> None:
        free, began = self._free_here(), time.monotonic()
        total = sum(disk_usage(place, stop=self._stop) for place in self._places)
        now = time.monotonic()
        self._last = Measured(total, free, now - began, now)

    def _free_here(self) -> int:
        """On the disks of the places, each of which may be one of its own."""
        found = {}
        for place in self._places:
            try:
                found[place.stat().st_dev] = shutil.disk_usage(place).free
            except OSError:  # a program may have removed it
                continue
        return sum(found.values())
