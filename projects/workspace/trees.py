"""Who is running: processes named so that a reused pid is never mistaken, and the end of a whole tree.

Every program is started as leader of a session of its own (`supervision.py`), so its tree is its descendants
and whatever else carries its session. A sandbox adds a PID namespace, which ends with its first process.
"""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
DEAD_STATES = frozenset("ZXx")
SHORTEST_PAUSE_SECONDS = 0.001
LONGEST_PAUSE_SECONDS = 0.05
STAT_BYTES = 4096
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class ProcessIdentity:
    """A process on one host. `started` is the boot's id and its start time, so that a reused pid differs."""

    host: str
    pid: int
    started: str


@dataclass(frozen=True)
class Weight:
    """What a tree takes: processes, and bytes of memory, in which shared pages count once."""

    processes: int
    memory_bytes: int


@dataclass(frozen=True)
class _Entry:
    pid: int
    state: str
    parent: int
    session: int
    started: str
    resident_pages: int


def identify(pid: int) -> ProcessIdentity:
    """The identity of a process of this host; `started` is empty when there is none by that number."""
    entry = _read(pid)
    return ProcessIdentity(socket.gethostname(), pid, _moment(entry) if entry else "")


def is_stopped(pid: int) -> bool:
    """Whether a process of this host stands still until somebody lets it go on."""
    entry = _read(pid)
    return entry is not None and entry.state in "Tt"


def is_alive(identity: ProcessIdentity) -> bool:
    """Whether that very process still runs. Not a zombie, and not a process of another host."""
    entry = _read(identity.pid)
    return (
        identity.host == socket.gethostname()
        and entry is not None
        and entry.state not in DEAD_STATES
        and _moment(entry) == identity.started
    )


def kill_tree(identity: ProcessIdentity, timeout: float = 10.0) -> bool:
    """Kill the process and its tree. True when nothing of it is left here within `timeout` seconds."""
    if identity.host != socket.gethostname() or not identity.started.startswith(boot_id()):
        return True
    root = _read(identity.pid)
    if root is not None and _moment(root) != identity.started:
        return True
    return end_all(identity.pid, timeout=timeout)


def members(root: int) -> set[int]:
    """Pids of the living tree under `root`, itself included: descendants, and all that carry its session."""
    return {entry.pid for entry in _living(root)}


def weigh(root: int, *, enough_bytes: int) -> Weight:
    """What the tree under `root` takes. The exact look, which costs, is taken only where it may be `enough_bytes`."""
    tree = _living(root)
    resident = sum(entry.resident_pages for entry in tree) * PAGE_BYTES
    if resident > enough_bytes:
        resident = sum(_share_bytes(entry) for entry in tree)
    return Weight(len(tree), resident)


def _living(root: int) -> list[_Entry]:
    entries = list(_all_entries())
    tree, grew = {root}, True
    while grew:
        found = {e.pid for e in entries if e.parent in tree or e.session == root} - tree
        tree |= found
        grew = bool(found)
    return [e for e in entries if e.pid in tree and e.state not in DEAD_STATES]


def _share_bytes(entry: _Entry) -> int:
    """Its memory, of a page that n processes share an n-th: https://docs.kernel.org/filesystems/proc.html (Pss)"""
    try:
        lines = (PROC / str(entry.pid) / "smaps_rollup").read_text().splitlines()
    except OSError:
        return entry.resident_pages * PAGE_BYTES
    found = [int(line.split()[1]) for line in lines if line.startswith("Pss:")]
    return found[0] * 1024 if found else 0


def ask_to_end(root: int) -> None:
    """SIGTERM to the programs of a tree.

    A sandbox's launcher is spared: it would take its namespace down before the programs could save anything.
    """
    tree = members(root)
    inside = {pid for pid in tree if _is_in_nested_namespace(pid)}
    _send(inside or tree, signal.SIGTERM)


def end_all(root: int, *, timeout: float) -> bool:
    """SIGKILL to a tree and to what joins it meanwhile, until nothing is left or `timeout` seconds passed."""
    deadline = time.monotonic() + timeout
    while tree := members(root):
        if time.monotonic() > deadline:
            return False
        condemned = [entry for entry in map(_read, tree) if entry is not None]
        _send((entry.pid for entry in condemned), signal.SIGKILL)
        _wait_for_the_end(condemned, deadline)
    return True


def _wait_for_the_end(condemned: list[_Entry], deadline: float) -> None:
    pause = SHORTEST_PAUSE_SECONDS
    while any(map(_still_runs, condemned)) and time.monotonic() < deadline:
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


def _still_runs(known: _Entry) -> bool:
    entry = _read(known.pid)
    return entry is not None and entry.started == known.started and entry.state not in DEAD_STATES


def _send(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def _all_entries() -> Iterable[_Entry]:
    with os.scandir(PROC) as folders:
        pids = [int(folder.name) for folder in folders if folder.name.isdigit()]
    yield from filter(None, map(_read, pids))


def _read(pid: int) -> _Entry | None:
    """The fields of /proc/PID/stat, read after the last bracket: the command's name may hold anything."""
    try:
        stat = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, ProcessLookupError):
        return None
    try:
        fields = os.read(stat, STAT_BYTES).rpartition(b")")[2].split(None, 22)
    except ProcessLookupError:
        return None
    finally:
        os.close(stat)
    state, started = fields[0].decode(), fields[19].decode()
    return _Entry(pid, state, int(fields[1]), int(fields[3]), started, int(fields[21]))


def _is_in_nested_namespace(pid: int) -> bool:
    try:
        lines = (PROC / str(pid) / "status").read_text(errors="replace").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return any(line.startswith("NSpid:") and len(line.split()) > 2 for line in lines)


def _moment(entry: _Entry) -> str:
    return f"{boot_id()}:{entry.started}"


def boot_id() -> str:
    return (PROC / "sys/kernel/random/boot_id").read_text().strip()
