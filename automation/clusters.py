"""A queue cluster that cannot fall silent: it has a heart, frees a queue whose reader died, and ends whole.

django-q2's processes share two queues. One that is killed while it waits for a message takes the queue's lock with
it, and nobody reads that queue again: https://github.com/django-q2/django-q2/issues/23
"""

from __future__ import annotations

import ctypes
import logging
import mmap
import os
import signal
import struct
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from django.db import connection
from django_q import cluster as stock

from automation import draining, hosts, pulse, repairing, warming
from automation.apart import NO_DATABASE, Apart
from automation.heart import Heart
from automation.warming import Warmer
from projects.workspace import trees

logger = logging.getLogger(__name__)
FREED_AFTER_SECONDS = 10.0
SILENT_AFTER_SECONDS = 120.0  # longer than a guard waits for a database that has gone
POLL_SECONDS = 0.5
NICENESS = 10
PR_SET_PDEATHSIG = 1
MOMENT = struct.Struct("d")

_guarded = mmap.mmap(-1, MOMENT.size)


def start(cluster: Any, part: str) -> None:
    """Start django-q2's cluster, keep it until it has ended, and end this process with 1 if nobody had asked for it."""
    stock.Sentinel = Guard
    os.register_at_fork(after_in_child=_die_with_parent)
    _pulse()
    cluster.start()
    heart = Heart(part)
    heart.start()
    if part == hosts.SESSIONS:
        _start_at_leisure("warmer", Warmer().look, warming.LOOK_SECONDS)
        _start_at_leisure("repairs", repairing.look, repairing.LOOK_SECONDS)
    while cluster.sentinel.is_alive():
        time.sleep(POLL_SECONDS)
        pulse.give()
        if _silence() > SILENT_AFTER_SECONDS and not draining.has_begun():
            logger.error("outcome=cluster_silent Its guard does nothing any more, so the cluster ends.")
            _end_without_guard(cluster, part)
            sys.exit(1)
    heart.leave()
    if not draining.has_begun():
        logger.error("outcome=cluster_ended Its guard has ended unasked.")
        sys.exit(1)


def _end_without_guard(cluster: Any, part: str) -> None:
    """Workers hand over what they run; all die with the guard, which could not even be told to stop."""
    draining.begin(0)
    while part == hosts.SESSIONS and not draining.is_over():
        time.sleep(POLL_SECONDS)
    cluster.sentinel.kill()
    cluster.sentinel.join()


class Guard(stock.Sentinel):  # type: ignore[misc]
    """The process that watches over the workers; it looks at the locks of the queues in each of its rounds."""

    def __init__(self, stop_event: Any, *args: Any, **options: Any) -> None:
        self._stuck_since: dict[str, float] = {}
        super().__init__(_EachRound(stop_event, self.look), *args, **options)

    def look(self) -> None:
        _pulse()
        now = time.monotonic()
        for name, queue in (("task", self.task_queue), ("result", self.result_queue)):
            if not _is_stuck(queue):
                self._stuck_since.pop(name, None)
            elif now - self._stuck_since.setdefault(name, now) > FREED_AFTER_SECONDS:
                self._end_stopped()
                if _is_stuck(queue):
                    logger.error("outcome=queue_freed The reader of the %s queue died with its lock.", name)
                    queue._rlock.release()
                self._stuck_since.pop(name)

    def _end_stopped(self) -> None:
        """One that is only stopped would go on reading beside the next reader, and both would read nonsense."""
        for process in (*self.pool, self.monitor, self.pusher):
            if trees.is_stopped(process.pid):
                logger.error("outcome=process_ended %s was stopped, maybe with the lock.", process.name)
                process.kill()
                process.join()


class _EachRound:
    """The guard's event, on which it waits once a round."""

    def __init__(self, event: Any, act: Any) -> None:
        self._event, self._act = event, act

    def wait(self, timeout: float) -> bool:
        self._act()
        return bool(self._event.wait(timeout))

    def is_set(self) -> bool:
        return bool(self._event.is_set())


def _is_stuck(queue: Any) -> bool:
    """A message waits, and yet the lock is held: a reader that lives would have taken it at once."""
    if not queue._poll():
        return False
    if queue._rlock.acquire(timeout=0.1):
        queue._rlock.release()
        return False
    return True


def _die_with_parent() -> None:
    """No part of a cluster outlives the process that started it: two halves would run twice as many sessions."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _start_at_leisure(name: str, look: Callable[[], object], seconds: float) -> None:
    threading.Thread(target=_look_for_ever, args=[look, seconds], name=name, daemon=True).start()


def _look_for_ever(look: Callable[[], object], seconds: float) -> None:
    """In a thread of its own, whose niceness its programs inherit."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
    name = threading.current_thread().name
    while not draining.has_begun():
        try:
            with Apart(f"thread={name}"):
                look()
        except NO_DATABASE as error:
            logger.warning("thread=%s outcome=%s %s", name, type(error).__name__, error)
        finally:
            connection.close()
        if _sleep(seconds):
            return


def _sleep(seconds: float) -> bool:
    """Whether the cluster has begun to end meanwhile."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and not draining.has_begun():
        time.sleep(POLL_SECONDS)
    return draining.has_begun()


def _pulse() -> None:
    MOMENT.pack_into(_guarded, 0, time.monotonic())


def _silence() -> float:
    last: float = MOMENT.unpack_from(_guarded, 0)[0]
    return time.monotonic() - last
