"""Measurements in a process of their own, so that nothing else counts into its memory."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STATUS = Path("/proc/self/status")
FORGET_PEAK = ("/proc/self/clear_refs", "5")  # man proc_pid_clear_refs: resets VmHWM


@dataclass
class Growth:
    """How far a process's resident memory rose above where it began."""

    megabytes: float = 0.0


@contextmanager
def growth() -> Iterator[Growth]:
    found = Growth()
    path, word = FORGET_PEAK
    Path(path).write_text(word)
    before = _kilobytes("VmRSS")
    yield found
    found.megabytes = (_kilobytes("VmHWM") - before) / 1024


def in_child(task: str, **arguments: Any) -> dict[str, Any]:
    """What `__main__` answers for `--child TASK` in a fresh process with its own empty database."""
    line = [sys.executable, "-m", "tests.benchmarks", "--child", task, json.dumps(arguments)]
    done = subprocess.run(line, stdout=subprocess.PIPE, check=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _kilobytes(name: str) -> int:
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1])
