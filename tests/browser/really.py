"""What really goes on in an installation, whatever its pages say: its processes, and what its heart starts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BEATS = """
import time, django
django.setup()
from django.utils import timezone
from automation.tick import tick
from projects.models import Project
for beat in range({count}):
    began = timezone.now()
    tick()
    while Project.objects.exclude(last_tended_at__gt=began).exists():
        time.sleep(0.1)
"""


def at_work(folder: Path) -> dict[int, str]:
    """The command lines of agents, checks and git, by process: what names `folder` or stands in its workspace,
    and everything below that, as a sandboxed agent sees neither.
    """
    lines, above, found = {}, {}, set()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            place = (entry / "cwd").readlink()
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:  # it has ended meanwhile
            continue
        pid = int(entry.name)
        lines[pid], above[pid] = _line(pid), parent
        if str(folder) in lines[pid] or place.is_relative_to(folder / "workspace"):
            found.add(pid)
    for _ in lines:
        below = {pid for pid, parent in above.items() if parent in found} - found
        if not below:
            break
        found |= below
    return {pid: lines[pid] for pid in found - {os.getpid()}}


def agents(folder: Path) -> set[str]:
    """Each scripted agent at work, by the words that it was started with."""
    lines = at_work(folder).values()
    return {line.rpartition("/agent.py ")[2] for line in lines if "/agent.py " in line}


def still_there(processes: dict[int, str]) -> list[str]:
    """Those that have not ended, wherever they hang in the tree by now."""
    return [line for pid, line in processes.items() if _line(pid) == line]


def _line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def beat(env: dict[str, str], count: int) -> None:
    """Wake every project `count` times, and wait each time until a worker has looked after it."""
    subprocess.run(
        [sys.executable, "-c", BEATS.format(count=count)], cwd=ROOT, env=env, check=True, timeout=60
    )
