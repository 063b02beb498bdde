"""The one way to run a program: full argv, exact environment, time limit, bounded output, no remains.

How a child is watched and ended is in `supervision.py`, what a process tree is in `trees.py`. No shell, ever.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from projects.workspace.supervision import Bounds, Caps, Stop, supervise
from projects.workspace.trees import ProcessIdentity, identify, is_alive, kill_tree

__all__ = ["Caps", "Finished", "ProcessIdentity", "Stop", "identify", "is_alive", "kill_tree", "run"]

EXCEEDED = ("memory", "processes", "writes", "no_space")
CUT = b"\n[... output cut here ...]\n"


@dataclass(frozen=True)
class Finished:
    """How a program ended. `truncated`: the middle of stdout or stderr is missing; head and tail are kept.

    `exceeded` says which of its caps it went beyond, or "no_space" when the host's disk was nearly full.
    """

    returncode: int
    stdout: bytes
    stderr: bytes
    timed_out: bool
    stopped: bool
    truncated: bool
    duration_ms: int
    exceeded: str = ""


def run(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path | None = None,
    timeout: float,
    stdin: bytes = b"",
    stop: Stop | None = None,
    max_output_bytes: int = 1_000_000,
    caps: Caps | None = None,
    on_output: Callable[[], None] | None = None,
    on_stdout: Callable[[bytes], None] | None = None,
) -> Finished:
    """Run `argv` to its end, keeping at most `max_output_bytes` of each pipe; nothing of stdout with `on_stdout`.

    Past `timeout` seconds, or when `stop` asks, the tree gets SIGTERM and two seconds later SIGKILL; beyond its
    `caps` SIGKILL at once. What the program leaves in the background is killed when it exits. Raises
    OperatorError `process.missing_program`.
    """
    stdout, stderr = _HeadAndTail(max_output_bytes), _HeadAndTail(max_output_bytes)
    ended = supervise(
        argv,
        env=env,
        cwd=cwd,
        stdin=stdin,
        on_stdout=on_stdout or stdout.add,
        on_stderr=stderr.add,
        bounds=Bounds(total_seconds=timeout, caps=caps),
        stop=stop,
        on_output=on_output,
    )
    return Finished(
        returncode=ended.returncode,
        stdout=stdout.value(),
        stderr=stderr.value(),
        timed_out=ended.ended_by == "timeout",
        stopped=ended.ended_by == "stop",
        truncated=stdout.is_cut or stderr.is_cut,
        duration_ms=ended.duration_ms,
        exceeded=ended.ended_by if ended.ended_by in EXCEEDED else "",
    )


class _HeadAndTail:
    """The first and the last half of `limit` bytes of a flow, whatever its length."""

    def __init__(self, limit: int) -> None:
        self.half = max(limit // 2, 1)
        self.head = bytearray()
        self.tail = bytearray()
        self.is_cut = False

    def add(self, chunk: bytes) -> None:
        room = self.half - len(self.head)
        self.head += chunk[:room]
        self.tail += chunk[max(room, 0) :]
        if len(self.tail) > 2 * self.half:
            self._shorten()

    def value(self) -> bytes:
        self._shorten()
        return bytes(self.head) + (CUT if self.is_cut else b"") + bytes(self.tail)

    def _shorten(self) -> None:
        if len(self.tail) > self.half:
            self.is_cut = True
            del self.tail[: -self.half]
