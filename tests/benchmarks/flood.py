"""The worker's memory while an agent floods its output, through the whole runner: sandbox, lines, transcript.

The floor is the time that `cat` needs to read the same from the same command.
"""

from __future__ import annotations

import shlex
import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.conf import settings

from automation.agents.base import AgentTask
from automation.agents.registry import get_adapter
from automation.agents.runner import run_agent
from automation.steps.work import LINE_BYTES, OUTPUT_BYTES
from projects.workspace.processes import Stop
from projects.workspace.sandbox import AGENT_HOME, INSIDE, Bind, detect
from projects.workspace.streams import Limits
from tests.benchmarks.figures import Figure, Goal
from tests.benchmarks.processes import growth, in_child

GIGABYTE = 10**9
ONE_LINE = f"head -c {GIGABYTE} /dev/zero | tr '\\0' x"
LINES = (
    f"yes 'all work and no play makes Jack a dull boy, and so it goes on line by line' | head -c {GIGABYTE}"
)
GOAL = Goal("value", 64)  # MB


def measure() -> list[Figure]:
    line = in_child("flood", command=ONE_LINE, output_bytes=2 * GIGABYTE)
    assert line["outcome"] == "done"
    lines = in_child("flood", command=LINES, output_bytes=OUTPUT_BYTES)
    assert lines["outcome"] == "flood"
    return [
        Figure("worker's memory growth, 1 GB in one line", line["megabytes"], "MB", goal=GOAL),
        Figure("time to drain 1 GB in one line", line["seconds"], "s", _by_cat(ONE_LINE)),
        Figure(
            f"worker's memory growth, lines until it ends the flood at {OUTPUT_BYTES >> 20} MiB",
            lines["megabytes"],
            "MB",
            goal=GOAL,
        ),
        Figure(
            "time until the flood of lines is ended",
            lines["seconds"],
            "s",
            _by_cat(LINES.replace(str(GIGABYTE), str(OUTPUT_BYTES))),
        ),
    ]


def drain(*, command: str, output_bytes: int) -> dict[str, Any]:
    """Run `command` as an agent that may print so many bytes."""
    with TemporaryDirectory(prefix="autowrkers-bench-") as name:
        repository, home = Path(name, "repository"), Path(name, "home")
        repository.mkdir()
        home.mkdir()
        sandbox = detect(settings.AUTOWRKERS_SANDBOX)
        binds = [Bind(repository, INSIDE, writable=True), Bind(home, AGENT_HOME, writable=True)]
        task = AgentTask(
            prompt="Print.",
            command=shlex.join(["sh", "-c", command]),
            work_dir=sandbox.path_inside(binds[0]),
            home=sandbox.path_inside(binds[1]),
            sandboxed=sandbox.mode != "none",
        )
        began = time.perf_counter()
        with growth() as grown:
            result = run_agent(
                get_adapter("command"),
                task,
                sandbox=sandbox,
                binds=binds,
                home=home,
                transcript=Path(name, "transcript.jsonl"),
                limits=Limits(600, 60, output_bytes, LINE_BYTES),
                stop=Stop(),
                on_start=lambda identity: None,
            )
        seconds = time.perf_counter() - began
    return {"megabytes": grown.megabytes, "seconds": seconds, "outcome": result.outcome.value}


def _by_cat(command: str) -> float:
    began = time.perf_counter()
    subprocess.run(["sh", "-c", f"({command}) | cat >/dev/null"], check=True)
    return time.perf_counter() - began
