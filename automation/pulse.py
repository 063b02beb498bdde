"""The sign of life that a part of the product gives to `run`, which kills and restarts one that gives none for long."""

from __future__ import annotations

import os
import time
from contextlib import suppress

VARIABLE = "AUTOWRKERS_PULSE_FD"
SILENT_AFTER_SECONDS = 120.0  # longer than a database that has gone lets a part wait
LONGEST_LOOK = 1.0


def give() -> None:
    """From the part's own loop, every few seconds. Does nothing where nobody listens."""
    if fd := os.environ.get(VARIABLE):
        with suppress(OSError):  # a full pipe: whoever should listen stands still
            os.write(int(fd), b".")


class Listener:
    """A pipe whose other end, `fd`, a part gets. Its silence is counted by our looks: who was frozen heard nothing."""

    def __init__(self) -> None:
        self._heard, self.fd = os.pipe()
        for end in (self._heard, self.fd):
            os.set_blocking(end, False)
        self._looked, self._silence = time.monotonic(), 0.0

    def has_begun(self) -> None:
        """The part has its end now, and only the part."""
        os.close(self.fd)

    def is_silent(self) -> bool:
        now = time.monotonic()
        self._silence += min(now - self._looked, LONGEST_LOOK)
        self._looked = now
        with suppress(BlockingIOError):
            if os.read(self._heard, 65_536):
                self._silence = 0.0
        return self._silence > SILENT_AFTER_SECONDS

    def close(self) -> None:
        os.close(self._heard)
