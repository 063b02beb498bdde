"""The start of a child process, under programs that each become the next one and leave it what it must have."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from projects.errors import OperatorError

NICENESS = 5
FIRST_TO_DIE = 500  # of 1000: what the kernel ends first when memory is short


def start(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path | None,
    steps_back: bool = False,
    limits: Sequence[str] = (),
) -> subprocess.Popen[bytes]:
    """Leader of a session of its own, which the kernel kills with the thread that calls, and whose memory is dumped
    nowhere. One that `steps_back` comes last when processors or memory are short; `limits` are prlimit's.
    """
    line = _line(argv, env=env, cwd=cwd, steps_back=steps_back, limits=limits)
    pipe = subprocess.PIPE
    return subprocess.Popen(
        line, env=env, cwd=cwd, stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0, start_new_session=True
    )


def _line(
    argv: Sequence[str], *, env: Mapping[str, str], cwd: Path | None, steps_back: bool, limits: Sequence[str]
) -> list[str]:
    """All that it needs is looked for first."""
    launchers = [["setpriv", "--pdeathsig", "KILL", "--"], ["prlimit", "--core=0:0", *limits, "--"]]
    if steps_back:
        launchers += [["nice", "-n", str(NICENESS)], ["choom", "-n", str(FIRST_TO_DIE), "--"]]
    line = [word for launcher, *words in launchers for word in (_find(launcher), *words)]
    if cwd is not None and not cwd.is_dir():
        raise OperatorError(
            "process.missing_folder",
            f"The folder {cwd}, where {argv[0]!r} was to run, is not there.",
            "Look who removes folders of the workspace while it is used; a new start makes them again.",
        )
    program = argv[0] if "/" not in argv[0] or cwd is None else str(cwd / argv[0])
    if shutil.which(program, path=env.get("PATH", os.defpath)) is None:
        raise missing_program(argv[0])
    return [*line, *argv]


@cache
def _find(launcher: str) -> str:
    found = shutil.which(launcher)
    if found is None:
        raise missing_program(launcher)
    return found


def missing_program(program: str) -> OperatorError:
    """What to raise when a program is not there."""
    return OperatorError(
        "process.missing_program",
        f"The program {program!r} was not found on this host.",
        "Install it, or correct the command that names it.",
    )
