"""Every place where the simulator takes hold of the product: this file and no other names them."""

from __future__ import annotations

import functools
import threading
import types
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any
from unittest import mock

from django.db.models import DateTimeField, Value
from django.utils import timezone

from automation import holding, queue, recovery, tend
from automation.reconcile import applying, snapshot
from projects import leases
from projects.github import quota, transport
from projects.workspace import git, mirror, processes, streams

if TYPE_CHECKING:
    from tests.faults.world import World

SHORTEST_SLEEP = 2.0


@contextmanager
def installed(world: World) -> Iterator[None]:
    """The product's clock, queue, network and programs are the simulator's until the end of the block."""
    run_environment = git._environment
    clock = types.SimpleNamespace(
        monotonic=lambda: world.loop.now, sleep=lambda seconds: world.pass_time(max(seconds, SHORTEST_SLEEP))
    )

    def environment(remote: Any, *, protocols: str) -> dict[str, str]:
        values = run_environment(remote, protocols=protocols if remote is None else "file")
        count = int(values["GIT_CONFIG_COUNT"])
        values[f"GIT_CONFIG_KEY_{count}"] = f"url.file://{world.remote_root}/.insteadOf"
        values[f"GIT_CONFIG_VALUE_{count}"] = f"{world.web_url}/"
        return values | {"GIT_CONFIG_COUNT": str(count + 1)}

    patches = [
        mock.patch.object(timezone, "datetime", _clock(world)),
        mock.patch.object(leases, "db_now", functools.partial(_database_now, world)),
        mock.patch.object(leases, "os", types.SimpleNamespace(getpid=world.pid)),
        mock.patch.object(leases, "_is_gone", world.is_gone),
        mock.patch.object(queue, "async_task", world.queue.put),
        mock.patch.object(holding, "threading", _threading(world)),
        mock.patch.object(holding, "time", clock),
        mock.patch.object(holding, "end_process", world.hearts.end_process),
        mock.patch.object(tend, "time", clock),
        mock.patch.object(mirror, "time", clock),
        mock.patch.object(quota, "time", clock),
        mock.patch.object(quota, "random", world.rng),
        mock.patch.object(transport._Session, "get_adapter", return_value=world.wire),
        mock.patch.object(processes, "supervise", world.programs.supervise),
        mock.patch.object(streams, "supervise", world.programs.supervise),
        mock.patch.object(recovery, "kill_tree", world.programs.kill_tree),
        mock.patch.object(applying, "kill_tree", world.programs.kill_tree),
        mock.patch.object(snapshot, "is_alive", world.programs.is_alive),
        mock.patch.object(git, "_environment", environment),
    ]
    with ExitStack() as stack:
        for patch in patches:
            stack.enter_context(patch)
        yield


def _clock(world: World) -> type[datetime]:
    """`django.utils.timezone.now` reads its module's `datetime`, so whoever holds the function gets this time too."""

    class Meta(type(datetime)):  # type: ignore[misc]
        def __instancecheck__(cls, value: object) -> bool:
            return isinstance(value, datetime)

    class Clock(datetime, metaclass=Meta):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return world.host_moment().astimezone(tz)

    return Clock


def _threading(world: World) -> types.SimpleNamespace:
    """A heartbeat's two threads are events of the loop: one renews every five seconds, the other watches."""

    class Thread:
        def __init__(self, *, target: Callable[[], None], **_: Any) -> None:
            self.target = target

        def start(self) -> None:
            if self.target.__name__ == "_keep":
                world.hearts.begin(self.target.__self__)  # type: ignore[attr-defined]

        def join(self) -> None:
            """The loop forgets it as soon as it has ended."""

    class Event(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            return self.is_set()

    return types.SimpleNamespace(Thread=Thread, Event=Event)


def _database_now(world: World) -> Value:
    return Value(world.loop.moment(), output_field=DateTimeField())
