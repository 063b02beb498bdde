"""The log of a run that printed 50 MB: its first page, a poll for news, and a jump into its middle.

The floor is reading the whole file once, which is what each of them would cost at least without positions.
"""

from __future__ import annotations

import json
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from automation.agents.transcripts import Transcript
from automation.rendering.entries import Renderer
from automation.transcripts.windows import last_events, next_events
from tests.benchmarks.figures import Figure

MEGABYTES = 50
ROUNDS = 20
AGENT = "claude_code"


def measure() -> list[Figure]:
    with TemporaryDirectory(prefix="autowrkers-bench-") as name:
        path = Path(name, "1.jsonl")
        end = write_log(path)
        floor = _milliseconds(path.read_bytes)
        renderer = Renderer("/raw", "running")
        ways: dict[str, Callable[[], Any]] = {
            "first page of a 50 MB log, 200 entries read": lambda: last_events(path, AGENT),
            "first page of a 50 MB log, rendered": lambda: [
                renderer.html(event) for event in last_events(path, AGENT).events
            ],
            "poll of a 50 MB log without news": lambda: next_events(path, AGENT, end, calls_too=True),
            "reply of 64 kB from the middle of a 50 MB log": lambda: next_events(
                path, AGENT, end // 2, calls_too=True
            ),
        }
        times = [Figure(title, _milliseconds(way), "ms", floor) for title, way in ways.items()]
        return [*times, *(Figure(f"memory: {title}", _megabytes(way), "MB") for title, way in ways.items())]


def write_log(path: Path) -> int:
    """A tool's use and its result of some kilobytes, again and again."""
    number = 0
    with Transcript(path, max_bytes=4 * MEGABYTES * 10**6) as transcript:
        while path.stat().st_size < MEGABYTES * 10**6:
            ident = f"toolu_{number}"
            call = {"type": "tool_use", "id": ident, "name": "Bash", "input": {"command": f"make {number}"}}
            done = {
                "type": "tool_result",
                "tool_use_id": ident,
                "content": "a line of output\n" * (number % 90),
            }
            lines = (
                {"type": "assistant", "message": {"content": [call]}},
                {"type": "user", "message": {"content": [done]}},
            )
            transcript.write_lines("stdout", [json.dumps(line).encode() for line in lines])
            number += len(lines)
    return number


def _milliseconds(way: Callable[[], Any]) -> float:
    """The median of some rounds."""
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        way()
        taken.append(time.perf_counter() - began)
    return sorted(taken)[ROUNDS // 2] * 1_000


def _megabytes(way: Callable[[], Any]) -> float:
    tracemalloc.start()
    try:
        way()
        return tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()
