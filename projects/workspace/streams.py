"""A long-running program whose output is read line by line, within limits of time, silence and size."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from projects.workspace.supervision import Bounds, Caps, EndedBy, Stop, supervise
from projects.workspace.trees import ProcessIdentity

OnLines = Callable[[Sequence[bytes]], None]


@dataclass(frozen=True)
class Limits:
    """What ends a stream early, and the length at which a single line is cut."""

    total_seconds: float
    silence_seconds: float
    output_bytes: int
    line_bytes: int
    caps: Caps | None = None


@dataclass(frozen=True)
class StreamEnd:
    """How a stream ended. The exit code of a program that we ended says nothing: see `ended_by`."""

    returncode: int
    ended_by: EndedBy
    duration_ms: int
    output_bytes: int


def stream(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path | None,
    stdin: bytes,
    on_lines: OnLines,
    on_stderr: OnLines,
    limits: Limits,
    stop: Stop | None,
    on_start: Callable[[ProcessIdentity], None] | None = None,
    on_output: Callable[[], None] | None = None,
) -> StreamEnd:
    """Run `argv`, handing the lines (without their ends) of stdout and stderr over as they come.

    `on_output` is told of every piece of output, whole line or not. Memory stays flat: of a line only the first
    `line_bytes` are kept. When this returns, or raises what a callback raised, nothing of the process tree is
    alive. Raises OperatorError `process.missing_program`.
    """
    stdout, stderr = _Lines(on_lines, limits.line_bytes), _Lines(on_stderr, limits.line_bytes)
    ended = supervise(
        argv,
        env=env,
        cwd=cwd,
        stdin=stdin,
        on_stdout=stdout.add,
        on_stderr=stderr.add,
        bounds=Bounds(limits.total_seconds, limits.silence_seconds, limits.output_bytes, limits.caps),
        stop=stop,
        on_start=on_start,
        on_output=on_output,
    )
    stdout.finish()
    stderr.finish()
    return StreamEnd(ended.returncode, ended.ended_by, ended.duration_ms, ended.output_bytes)


class _Lines:
    """Cuts a flow of chunks into lines no longer than `limit`; the rest of a longer line is dropped."""

    def __init__(self, on_lines: OnLines, limit: int) -> None:
        self.on_lines = on_lines
        self.limit = limit
        self.begun = bytearray()

    def add(self, chunk: bytes) -> None:
        first, *others = chunk.split(b"\n")
        self.begun += first[: self.limit - len(self.begun)]
        if others:
            lines = [bytes(self.begun), *(line[: self.limit] for line in others)]
            self.begun = bytearray(lines.pop())
            self.on_lines(lines)

    def finish(self) -> None:
        if self.begun:
            self.on_lines([bytes(self.begun)])
