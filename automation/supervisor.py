"""Keeps several programs running as one: what ends is started again, and when we are told to end all of them end.

All children share one process group, whose leader, the keeper, kills the whole group as soon as its standard
input closes. So nothing is left over, even when this process is killed and even of what the children started
(django-q2's workers outlive a killed cluster otherwise).
"""

from __future__ import annotations

import errno
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from automation import pulse
from automation.pulse import Listener
from projects.errors import OperatorError

KEEPER = ("/bin/sh", "-c", "read _; kill -KILL 0")
PATIENCE_SECONDS = 10.0
HURRIED_SECONDS = 30.0
POLL_SECONDS = 0.1
LINE_BYTES = 65_536
PORTS_TRIED = 20


@dataclass(frozen=True)
class Part:
    """One program: its name in front of each line, what to start, and what its environment has besides.

    One that `ends_first` is told to end, and waited for, while the others still run. `patience`: for how many
    seconds; without one, as long as the whole waits. One that `gives_pulse` is killed, and so started again, when it
    has given none for two minutes.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    pass_fds: Sequence[int] = ()
    ends_first: bool = False
    patience: float | None = None
    gives_pulse: bool = False


@dataclass(frozen=True)
class Restarts:
    """A part that ended by itself is started again, the first time after `wait` seconds and then after twice as many
    each time; the one that ends more than `times` within `within` seconds ends all."""

    times: int = 5
    within: float = 600.0
    wait: float = 1.0


@dataclass(frozen=True)
class Ended:
    """The part that ended by itself too often, and its last exit code (negative: the signal)."""

    name: str
    code: int


def supervise(
    parts: Sequence[Part],
    *,
    env: Mapping[str, str],
    cwd: Path,
    stop: threading.Event,
    say: Callable[[str], None],
    patience: float = PATIENCE_SECONDS,
    hurry: threading.Event | None = None,
    restarts: Restarts = Restarts(),
) -> Ended | None:
    """Run `parts` until one ends too often (answered) or `stop` is set (None). Nothing of them is alive afterwards.

    `hurry` is set when somebody asks for the end once more: whoever is waited for is told again.
    """
    keeper = subprocess.Popen(KEEPER, stdin=subprocess.PIPE, process_group=0)
    children: dict[str, subprocess.Popen[bytes]] = {}
    listeners: dict[str, Listener] = {}
    readers = []
    width = max(len(part.name) for part in parts)

    def start(part: Part) -> None:
        if former := listeners.pop(part.name, None):
            former.close()
        if part.gives_pulse:
            listeners[part.name] = Listener()
        listener = listeners.get(part.name)
        child = children[part.name] = _start(part, group=keeper.pid, env=env, cwd=cwd, listener=listener)
        arguments = (child.stdout, f"{part.name:<{width}} | ", say)
        readers.append(threading.Thread(target=_forward, args=arguments, daemon=True))
        readers[-1].start()

    try:
        for part in parts:
            start(part)
        return _watch(parts, children, listeners, stop, start, say, restarts)
    finally:
        for is_first in (True, False):
            group = [part for part in parts if part.name in children and part.ends_first is is_first]
            waited = max((part.patience or patience for part in group), default=0.0)
            _end([children[part.name] for part in group], patience=waited, hurry=hurry)
        keeper.communicate()  # SIGKILL to the whole group
        for child in children.values():
            child.wait()
        for reader in readers:
            reader.join(timeout=2)
        for listener in listeners.values():
            listener.close()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket on `port`, or on the next free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in range(port, min(port + PORTS_TRIED, 65_536)):
        try:
            return socket.create_server((host, candidate), family=family)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                remedy = "Choose another --port (above 1023), or an address of this machine as --host."
                message = f"Cannot listen on {host}, port {candidate}: {error.strerror}."
                raise OperatorError("command.not_ready", message, remedy) from error
    message = f"Port {port} and the {PORTS_TRIED - 1} after it are taken."
    raise OperatorError("command.not_ready", message, "End what uses them, or choose another --port.")


def _start(
    part: Part, *, group: int, env: Mapping[str, str], cwd: Path, listener: Listener | None
) -> subprocess.Popen[bytes]:
    given = {pulse.VARIABLE: str(listener.fd)} if listener else {}
    child = subprocess.Popen(
        part.argv,
        env={**env, **part.env, **given},
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        process_group=group,
        pass_fds=[*part.pass_fds, *([listener.fd] if listener else [])],
    )
    if listener:
        listener.has_begun()
    return child


def _watch(
    parts: Sequence[Part],
    children: Mapping[str, subprocess.Popen[bytes]],
    listeners: dict[str, Listener],
    stop: threading.Event,
    start: Callable[[Part], None],
    say: Callable[[str], None],
    restarts: Restarts,
) -> Ended | None:
    ends: dict[str, list[float]] = {part.name: [] for part in parts}
    due: dict[str, float] = {}
    while not stop.wait(POLL_SECONDS):
        now = time.monotonic()
        for part in parts:
            code = children[part.name].poll()
            if code is None:
                if part.name in listeners and listeners[part.name].is_silent():
                    listeners.pop(part.name).close()
                    say(
                        f"{part.name} has given no sign of life for {pulse.SILENT_AFTER_SECONDS:g} s; it is killed."
                    )
                    children[part.name].kill()
                continue
            if part.name not in due:
                recent = [end for end in ends[part.name] if now - end < restarts.within]
                if len(recent) == restarts.times:
                    return Ended(part.name, code)
                ends[part.name] = [*recent, now]
                wait = restarts.wait * 2 ** len(recent)
                due[part.name] = now + wait
                say(f"{part.name} ended with code {code}; it is started again in {wait:.0f} s.")
            elif now >= due[part.name]:
                del due[part.name]
                start(part)
    return None


def _end(
    children: Sequence[subprocess.Popen[bytes]], *, patience: float, hurry: threading.Event | None
) -> None:
    """SIGTERM to each child, until all have ended or `patience` seconds have passed."""
    for child in children:
        child.terminate()
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and any(child.poll() is None for child in children):
        if hurry is not None and hurry.is_set():
            hurry.clear()
            deadline = min(deadline, time.monotonic() + HURRIED_SECONDS)
            for child in children:
                child.terminate()
        time.sleep(POLL_SECONDS)


def _forward(source: IO[bytes], prefix: str, say: Callable[[str], None]) -> None:
    while line := source.readline(LINE_BYTES):
        say(prefix + line.decode("utf-8", "replace").rstrip("\n"))
    source.close()
