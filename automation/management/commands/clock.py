"""clock: the heartbeat, until it is told to end. A database or broker that is away is waited for.

What fails in one beat is logged, and keeps neither the other acts nor the next beat from their turn.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from argparse import ArgumentTypeError
from collections.abc import Callable
from types import FrameType
from typing import Any

from django.core.management.base import CommandParser
from django.db import close_old_connections, connection

from automation import alerts, hosts, pulse, schedules
from automation.apart import NO_DATABASE, Apart
from automation.broker import RedisError
from automation.console import Answer, ConsoleCommand
from automation.tick import tick

logger = logging.getLogger(__name__)


def seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not 0.1 <= value <= 3600:
        raise ArgumentTypeError(f"{text!r} is not a number of seconds between 0.1 and 3600")
    return value


class Command(ConsoleCommand):
    help = "Wake the projects that may have work, every few seconds, until SIGTERM or SIGINT."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--interval", type=seconds, default=15.0, help="Seconds between beats (15).")

    def act(self, **options: Any) -> Answer:
        ended = threading.Event()

        def end(number: int, frame: FrameType | None) -> None:
            ended.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, end)
        beats = 0
        is_scheduled = False
        began = time.monotonic()
        while not ended.is_set():
            pulse.give()
            is_scheduled = beat(is_scheduled, looks=time.monotonic() - began > alerts.SETTLED_SECONDS)
            if not is_scheduled:
                began = time.monotonic()
            beats += 1
            ended.wait(options["interval"])
        hosts.try_to_leave(hosts.CLOCK)
        return Answer({"beats": beats})


def beat(is_scheduled: bool, *, looks: bool = False) -> bool:
    """One tick, and before the first one the schedule. Answers whether that is there and the database answered.

    `looks`: for alerts too, which an installation that was just started, or had no database, does not deserve.
    Only after a good beat the clock says that it lives: one whose beats always fail is as good as none.
    """
    close_old_connections()
    acts: list[Callable[[], object]] = [tick, alerts.look, hosts.forget_old] if looks else [tick]
    try:
        is_scheduled = is_scheduled or _goes_well(schedules.ensure)
        failed = sum(not _goes_well(act) for act in acts)
        if is_scheduled and not failed:
            hosts.beat(hosts.CLOCK)
    except NO_DATABASE as error:
        logger.warning("outcome=no_tick %s: %s", type(error).__name__, error)
        connection.close()
        return False
    return is_scheduled


def _goes_well(act: Callable[[], object]) -> bool:
    """A broker that is away is no fault of the clock's, and told of the queue."""
    with Apart(f"clock={act.__name__}") as apart:
        act()
    if apart.error is None or isinstance(apart.error, RedisError):
        return True
    connection.close()
    return False
