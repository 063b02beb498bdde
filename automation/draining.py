"""The end of a cluster in good order: its main process is told, and all its workers know at once.

They share one moment in memory, since each is forked from the main process. No lock guards it: a worker that is
killed would keep it.
"""

from __future__ import annotations

import mmap
import struct
import time

HAND_OVER_SECONDS = 20.0  # for ending an agent and importing what it left, on a busy host
MOMENT = struct.Struct("d")

_shared = mmap.mmap(-1, MOMENT.size)


def begin(seconds: float) -> None:
    """From now on nothing new is taken; what still runs after `seconds` is handed over."""
    MOMENT.pack_into(_shared, 0, time.monotonic() + seconds)


def forget() -> None:
    MOMENT.pack_into(_shared, 0, 0.0)


def has_begun() -> bool:
    return _moment() > 0


def is_due() -> bool:
    """Whether what runs is to be handed over now."""
    return 0 < _moment() <= time.monotonic()


def is_over() -> bool:
    """Whether the time for handing over has passed as well."""
    return 0 < _moment() <= time.monotonic() - HAND_OVER_SECONDS


def _moment() -> float:
    moment: float = MOMENT.unpack_from(_shared, 0)[0]
    return moment
