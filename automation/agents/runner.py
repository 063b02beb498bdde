"""Runs one agent: starts it in the sandbox, reads it, holds it to its limits, and lets its adapter judge.

The transcript has every line. Nothing of the agent is alive when `run_agent` returns.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from automation.agents.base import Adapter, AgentResult, AgentTask, EndedBy, Ending, Launch, Outcome
from automation.agents.events import Digest, Event, Finished
from automation.agents.homes import write_files
from automation.agents.programs import locate
from automation.agents.transcripts import Transcript
from automation.agents.verdicts import MESSAGES
from projects.redaction import redact
from projects.workspace.processes import ProcessIdentity, Stop, run
from projects.workspace.sandbox import Bind, Sandbox, Wrapped
from projects.workspace.streams import Limits, StreamEnd, stream

GRACE_SECONDS = 10.0
STDERR_CHARS = 4_000
VERSION_SECONDS = 10
VERSION = re.compile(r"\d+\.\d+\.\d+\S*")


def run_agent(
    adapter: Adapter,
    task: AgentTask,
    *,
    sandbox: Sandbox,
    binds: Sequence[Bind],
    home: Path,
    transcript: Path,
    limits: Limits,
    stop: Stop,
    on_start: Callable[[ProcessIdentity], None],
    on_event: Callable[[Event], None] | None = None,
    on_output: Callable[[], None] | None = None,
    grace_seconds: float = GRACE_SECONDS,
) -> AgentResult:
    """Run `task` to its end. `home` is the host's path of the agent's home, which `binds` must show too.
    An agent that does not exit within `grace_seconds` after its last word is ended, and its word counts.

    Raises OperatorError for a command that cannot be used, and whatever `on_start` and `on_event` raise.
    """
    launch = adapter.build(task)
    located = locate(launch.argv[0], sandbox)
    with Transcript(transcript) as record:
        if located is None:
            message = f"{MESSAGES[Outcome.MISSING_TOOL]} Install {launch.argv[0]!r}, or correct the command."
            result = AgentResult(Outcome.MISSING_TOOL, message)
        else:
            program, shown = located
            write_files(home, launch.files)
            place = _Place(program, shown, binds, task.work_dir)
            version = _ask_version(launch, place, stop=stop)
            brakes = _Brakes(stop, grace_seconds)
            cap = limits.caps.disk_in_words if limits.caps else ""
            watch = _Watch(adapter, task, record=record, brakes=brakes, on_event=on_event, disk_cap=cap)
            end = _play(launch, place, watch=watch, limits=limits, on_start=on_start, on_output=on_output)
            result = _cleaned(watch.judge(end), version=version)
        record.write("note", f"{result.outcome}: {result.message}")
    return result


@dataclass(frozen=True)
class _Place:
    """The program, and the walls within which it runs."""

    program: str
    sandbox: Sandbox
    binds: Sequence[Bind]
    work_dir: Path

    def wrap(self, arguments: Sequence[str], *, env: Mapping[str, str]) -> Wrapped:
        argv = [self.program, *arguments]
        return self.sandbox.wrap(argv, binds=self.binds, chdir=self.work_dir, env=env)


def _play(
    launch: Launch,
    place: _Place,
    *,
    watch: _Watch,
    limits: Limits,
    on_start: Callable[[ProcessIdentity], None],
    on_output: Callable[[], None] | None,
) -> StreamEnd:
    wrapped = place.wrap(launch.argv[1:], env=launch.env)
    return stream(
        wrapped.argv,
        env=wrapped.env,
        cwd=wrapped.cwd,
        stdin=launch.stdin,
        on_lines=watch.read_lines,
        on_stderr=watch.read_stderr,
        limits=limits,
        stop=watch.brakes,
        on_start=on_start,
        on_output=on_output,
    )


def _ask_version(launch: Launch, place: _Place, *, stop: Stop) -> str:
    """The version of a CLI that does not tell it in its stream."""
    if not launch.version_argv:
        return ""
    wrapped = place.wrap(launch.version_argv[1:], env={})
    answer = run(wrapped.argv, env=wrapped.env, cwd=wrapped.cwd, timeout=VERSION_SECONDS, stop=stop)
    found = VERSION.search(answer.stdout.decode("utf-8", "replace"))
    return found[0] if found else ""


def _cleaned(result: AgentResult, *, version: str) -> AgentResult:
    return replace(
        result,
        version=result.version or version,
        message=redact(result.message),
        final_text=redact(result.final_text),
        marker_text=redact(result.marker_text),
    )


class _Brakes(Stop):
    """All that ends a run from our side: the caller's wish, the limit of turns, the grace time."""

    def __init__(self, wish: Stop, grace_seconds: float) -> None:
        super().__init__()
        self.wish = wish
        self.grace_seconds = grace_seconds
        self.deadline: float | None = None

    def begin_grace(self) -> None:
        if self.deadline is None:
            self.deadline = time.monotonic() + self.grace_seconds

    def is_set(self) -> bool:
        if self.deadline is not None and time.monotonic() > self.deadline:
            self.request("grace")
        return self.wish.is_set() or super().is_set()

    def cause(self) -> EndedBy:
        if self.wish.is_set():
            return "stop"
        return "turns" if self.reason == "turns" else "grace"


class _Watch:
    """What is known of a run while its lines come in."""

    def __init__(
        self,
        adapter: Adapter,
        task: AgentTask,
        *,
        record: Transcript,
        brakes: _Brakes,
        on_event: Callable[[Event], None] | None,
        disk_cap: str,
    ) -> None:
        self.adapter = adapter
        self.task = task
        self.record = record
        self.on_event = on_event
        self.brakes = brakes
        self.disk_cap = disk_cap
        self.digest = Digest()
        self.stderr = ""
        self.max_turns = None if adapter.limits_turns else task.max_turns

    def read_lines(self, lines: Sequence[bytes]) -> None:
        self.record.write_lines("stdout", lines)
        for line in lines:
            self._heed(line)

    def read_stderr(self, lines: Sequence[bytes]) -> None:
        self.record.write_lines("stderr", lines)
        text = b"\n".join(lines).decode("utf-8", "replace").replace("\0", "")
        self.stderr = f"{self.stderr}{text}\n"[-STDERR_CHARS:]

    def _heed(self, line: bytes) -> None:
        for event in self.adapter.parse(line):
            if isinstance(event, Finished):
                if self.brakes.is_set():  # the last word of one that we ended already
                    continue
                self.brakes.begin_grace()
            self.digest.add(event)
            if self.on_event is not None:
                self.on_event(event)
        if self.max_turns is not None and self.digest.turns > self.max_turns:
            self.brakes.request("turns")

    def judge(self, end: StreamEnd) -> AgentResult:
        ended_by: EndedBy = self.brakes.cause() if end.ended_by == "stop" else end.ended_by
        ending = Ending(end.returncode, ended_by, self.stderr, self.disk_cap)
        return self.adapter.finish(self.task, self.digest, ending)
