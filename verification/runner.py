"""Runs one check in the sandbox and judges how it ended.

A check is the shell line that the operator configured, so this is the one place where a shell runs.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from contextlib import suppress

from projects.errors import Cancelled, Retryable
from projects.workspace import space
from projects.workspace.processes import Caps, Finished, Stop, run
from projects.workspace.sandbox import INSIDE, Bind, Sandbox, caps
from verification.output import KEPT_BYTES, readable
from verification.report import MISSING_TOOL, SANDBOX, CheckRun
from verification.strategy import PlannedCheck

# One pipe keeps what the command prints in order; on the other only the sandbox itself can complain. The outer
# shell stays, since the first process of a namespace cannot be ended by a signal from within.
SHELL = ("/bin/sh", "-c", 'exec 2>&1; /bin/sh -c "$1"; exit $?', "sh")
ENVIRONMENT = {"CI": "true"}
CANNOT_BE_STARTED = (126, 127)
SIGNALLED = 128  # a shell adds the signal's number
NOTHING_TO_RUN = "Not checked: no command is configured, and no changed file can be parsed here."


def run_check(
    check: PlannedCheck,
    *,
    binds: Sequence[Bind],
    sandbox: Sandbox,
    time_limit_seconds: float,
    stop: Stop | None,
    on_output: Callable[[], None] | None = None,
) -> CheckRun:
    """Run the check in the repository that `binds` puts at INSIDE, without any credential in its environment.

    A check that exceeds the limit has failed; nothing of it is alive afterwards. Raises Cancelled when `stop`
    ended it, and Retryable `disk` when it was ended because the host's disk is nearly full.
    """
    if not check.command:
        return CheckRun(check, None, None, NOTHING_TO_RUN, 0)
    allowed = caps(binds)
    wrapped = sandbox.wrap([*SHELL, check.command], binds=binds, chdir=INSIDE, env=ENVIRONMENT)
    ended = run(
        wrapped.argv,
        env=wrapped.env,
        cwd=wrapped.cwd,
        timeout=time_limit_seconds,
        stop=stop,
        max_output_bytes=KEPT_BYTES,
        caps=allowed,
        on_output=on_output,
    )
    if ended.stopped:
        reason = stop.reason if stop else ""
        raise Cancelled("session.stopped", f"The check {check.name!r} was ended: {reason}.")
    if ended.exceeded == "no_space":
        raise Retryable(
            "disk", space.shortage(), f"The check {check.name!r} was ended, and runs again by itself."
        )
    return _judge(check, ended, time_limit_seconds, allowed)


def _judge(check: PlannedCheck, ended: Finished, time_limit_seconds: float, allowed: Caps) -> CheckRun:
    status = ended.returncode
    output = readable(ended.stdout)
    if ended.timed_out:
        said = _with_note(output, f"Ended after its time limit of {_duration(time_limit_seconds)}.")
        return CheckRun(check, False, None, said, ended.duration_ms)
    if ended.exceeded:
        took = f"took more {ended.exceeded} than it may"
        too_much = f"wrote more than {allowed.disk_in_words}" if ended.exceeded == "writes" else took
        said = _with_note(output, f"Ended because it {too_much}.")
        return CheckRun(check, False, None, said, ended.duration_ms, exceeded=ended.exceeded)
    if status == 0:
        return CheckRun(check, True, 0, output, ended.duration_ms)
    if ended.stderr.strip():
        said = _with_note(output, readable(ended.stderr).strip())
        return CheckRun(check, False, status, said, ended.duration_ms, SANDBOX)
    if status in CANNOT_BE_STARTED:
        passed, fault = (None, "") if check.is_ours else (False, MISSING_TOOL)
        return CheckRun(check, passed, status, output, ended.duration_ms, fault)
    return CheckRun(check, False, status, _with_note(output, _explain_signal(status)), ended.duration_ms)


def _explain_signal(status: int) -> str:
    """A sentence when the exit status stands for a signal, else nothing."""
    number = -status if status < 0 else status - SIGNALLED
    with suppress(ValueError):
        name = signal.Signals(number).name
        hint = " This is often a lack of memory." if number == signal.SIGKILL else ""
        return f"Ended by signal {number} ({name}).{hint}"
    return ""


def _with_note(output: str, note: str) -> str:
    return f"{output.rstrip()}\n[{note}]".lstrip() if note else output


def _duration(seconds: float) -> str:
    return f"{seconds / 60:g} min" if seconds >= 60 else f"{seconds:g} s"
