"""One child process from start to end: its pipes drained, its limits kept, its tree gone afterwards.

The engine under `processes.run` and `streams.stream`; nothing else uses it.
"""

from __future__ import annotations

import os
import selectors
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Literal, Protocol

from projects.workspace import trees
from projects.workspace.launching import start

SpaceFault = Literal["writes", "no_space"]
Exceeded = Literal["memory", "processes"] | SpaceFault
EndedBy = Literal["exit", "timeout", "silence", "flood", "stop"] | Exceeded
Sink = Callable[[bytes], None]
Handler = Callable[[int], None]

CHUNK_BYTES = 1 << 16
TICK_SECONDS = 0.1
GRACE_SECONDS = 2.0
KILL_SECONDS = 5.0
WEIGH_SECONDS = 0.5
AT_ONCE = frozenset({"exit", "flood", "memory", "processes", "writes", "no_space"})  # no time to say good-bye
LEFT_OPEN_SECONDS = 0.5  # how long a pipe that somebody else still holds is read after the end


class Stop:
    """A wish that work ends, set once from any thread or signal handler and seen by whoever does the work."""

    def __init__(self) -> None:
        self.reason = ""
        self._asked = False

    def request(self, reason: str) -> None:
        """Ask for the end. The first reason stays."""
        if not self._asked:
            self.reason, self._asked = reason, True

    def is_set(self) -> bool:
        return self._asked

    def wait(self, seconds: float) -> bool:
        """Sleep until the wish is there, `seconds` at most. No lock, since a signal handler may ask."""
        deadline = time.monotonic() + seconds
        while not self.is_set() and (left := deadline - time.monotonic()) > 0:
            time.sleep(min(left, TICK_SECONDS))
        return self.is_set()


class SpaceMeter(Protocol):
    """What is wrong with what a program writes: beyond its own cap, or nearly nothing is left for the host."""

    @property
    def fault(self) -> SpaceFault | None: ...


@dataclass(frozen=True)
class Caps:
    """How much memory and how many processes the tree of an untrusted program may take at once.

    And what it may write: a single file by the kernel's own limit, all together as `meter` finds.
    """

    memory_bytes: int
    processes: int
    disk_bytes: int | None = None
    meter: Callable[[], AbstractContextManager[SpaceMeter]] | None = None

    @property
    def disk_in_words(self) -> str:
        megabytes = (self.disk_bytes or 0) / 2**20
        return f"{megabytes / 1024:.3g} GB" if megabytes >= 1024 else f"{megabytes:.3g} MB"


@dataclass(frozen=True)
class Bounds:
    """What ends a child early: seconds in all, seconds without output, bytes of output. None is no limit.

    One with `caps` also steps back for this process when processor time or memory is short.
    """

    total_seconds: float
    silence_seconds: float | None = None
    output_bytes: int | None = None
    caps: Caps | None = None


@dataclass(frozen=True)
class Ended:
    returncode: int
    ended_by: EndedBy
    duration_ms: int
    output_bytes: int


def supervise(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path | None,
    stdin: bytes,
    on_stdout: Sink,
    on_stderr: Sink,
    bounds: Bounds,
    stop: Stop | None,
    on_start: Callable[[trees.ProcessIdentity], None] | None = None,
    on_output: Callable[[], None] | None = None,
) -> Ended:
    """Run `argv` in a session of its own with exactly `env`; return when nothing of its tree is left.

    The kernel kills it when this thread ends (so a dead worker leaves nothing), hence call it from the thread
    that waits. Raises OperatorError `process.missing_program` or `process.missing_folder`.
    """
    began = time.monotonic()
    with (
        start(
            argv, env=env, cwd=cwd, steps_back=bounds.caps is not None, limits=_limits(bounds.caps)
        ) as process,
        closing(_Child(process, stdin=stdin, sinks=(on_stdout, on_stderr), on_output=on_output)) as child,
        _measuring(bounds.caps) as meter,
    ):
        try:
            if on_start is not None:
                on_start(trees.identify(process.pid))
            ended_by = child.watch(bounds, stop, meter)
            if ended_by not in AT_ONCE:
                child.let_go()
        finally:
            trees.end_all(process.pid, timeout=KILL_SECONDS)
        child.drain()
    return Ended(process.returncode, ended_by, int((time.monotonic() - began) * 1000), child.output_bytes)


class _Child:
    """The pipes of a started process, and how long we go on with it."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        *,
        stdin: bytes,
        sinks: tuple[Sink, Sink],
        on_output: Callable[[], None] | None,
    ) -> None:
        self.process = process
        self.on_output = on_output
        self.output_bytes = 0
        self.exited = False
        self._last_output = time.monotonic()
        self._unsent = memoryview(stdin)
        self._pidfd = os.pidfd_open(process.pid)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._pidfd, selectors.EVENT_READ, self._note_exit)
        for pipe, sink in zip((process.stdout, process.stderr), sinks, strict=True):
            self._serve_with(partial(self._read, sink=sink), pipe, selectors.EVENT_READ)
        self._serve_with(self._write, process.stdin, selectors.EVENT_WRITE)

    def watch(self, bounds: Bounds, stop: Stop | None, meter: SpaceMeter | None) -> EndedBy:
        """Serve the pipes until the process exits or something else ends it."""
        began = self._last_output = weighed = time.monotonic()
        while not self.exited:
            if stop is not None and stop.is_set():  # asked first: nothing is sent to it in vain
                return "stop"
            self._serve()
            now = time.monotonic()
            if bounds.caps is not None and now - weighed > WEIGH_SECONDS:
                weighed = now
                if exceeded := self._exceeded(bounds.caps) or (meter and meter.fault):
                    return exceeded
            if now - began > bounds.total_seconds:
                return "timeout"
            if bounds.output_bytes is not None and self.output_bytes > bounds.output_bytes:
                return "flood"
            if bounds.silence_seconds is not None and now - self._last_output > bounds.silence_seconds:
                return "silence"
        return "exit"

    def _exceeded(self, caps: Caps) -> Exceeded | None:
        weight = trees.weigh(self.process.pid, enough_bytes=caps.memory_bytes)
        if weight.processes > caps.processes:
            return "processes"
        return "memory" if weight.memory_bytes > caps.memory_bytes else None

    def let_go(self) -> None:
        """Ask the tree to end, and wait for the process while its grace time lasts."""
        trees.ask_to_end(self.process.pid)
        deadline = time.monotonic() + GRACE_SECONDS
        while not self.exited and time.monotonic() < deadline:
            self._serve()

    def drain(self) -> None:
        """Read what is still in the pipes; not for long, since somebody who escaped may hold them open."""
        deadline = time.monotonic() + LEFT_OPEN_SECONDS
        while self._is_read() and time.monotonic() < deadline:
            self._serve()

    def close(self) -> None:
        self._selector.close()
        os.close(self._pidfd)

    def _serve(self) -> None:
        """Move what the pipes have to give, waiting one tick for it."""
        for key, _ in self._selector.select(TICK_SECONDS):
            key.data(key.fd)

    def _serve_with(self, handler: Handler, pipe: IO[bytes] | None, event: int) -> None:
        if pipe is not None:
            os.set_blocking(pipe.fileno(), False)
            self._selector.register(pipe.fileno(), event, handler)

    def _is_read(self) -> bool:
        return any(key.events == selectors.EVENT_READ for key in self._selector.get_map().values())

    def _note_exit(self, fd: int) -> None:
        self.exited = True
        self._selector.unregister(fd)

    def _read(self, fd: int, *, sink: Sink) -> None:
        chunk = os.read(fd, CHUNK_BYTES)
        if chunk:
            self.output_bytes += len(chunk)
            self._last_output = time.monotonic()
            if self.on_output is not None:
                self.on_output()
            sink(chunk)
        else:
            self._selector.unregister(fd)

    def _write(self, fd: int) -> None:
        with suppress(BrokenPipeError):
            self._unsent = self._unsent[os.write(fd, self._unsent[:CHUNK_BYTES]) :]
            if self._unsent:
                return
        self._selector.unregister(fd)
        if self.process.stdin is not None:
            self.process.stdin.close()


def _limits(caps: Caps | None) -> list[str]:
    """What prlimit is told besides: a single file grows no larger than all together may be."""
    return [] if caps is None or caps.disk_bytes is None else [f"--fsize={caps.disk_bytes}:{caps.disk_bytes}"]


def _measuring(caps: Caps | None) -> AbstractContextManager[SpaceMeter | None]:
    return caps.meter() if caps is not None and caps.meter is not None else nullcontext()
