"""What the checks said about a commit, and how it is told to people and to the next attempt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from issues.sanitize import keep_ends
from verification.strategy import PlannedCheck

FAILURE_BYTES = 20_000
COMMAND_BYTES = 1_000

SETUP = "setup"
MISSING_TOOL = "missing_tool"
SANDBOX = "sandbox"
FAULTS = {
    SETUP: "The setup command failed, so nothing was checked. Run it on a fresh checkout and correct it.",
    MISSING_TOOL: "A program that the check {name!r} needs is missing or cannot be executed. Install it on "
    "this host, let the setup command install it, or correct the check's command.",
    SANDBOX: "The sandbox for the check {name!r} could not be started. Install bubblewrap on this "
    "host, or look at AUTOWRKERS_SANDBOX.",
}


@dataclass(frozen=True)
class CheckRun:
    """How one check ended. `passed` None: not checked. `fault`: a key of FAULTS, not the commit's doing.

    `baseline`: how the same check ended on the base commit, in the words of `verdict`; empty where nobody looked.
    """

    check: PlannedCheck
    passed: bool | None
    exit_status: int | None
    output: str
    duration_ms: int
    fault: str = ""
    exceeded: str = ""  # the cap that it went beyond
    baseline: str = ""


class SummaryLine(NamedTuple):
    name: str
    verdict: str
    seconds: float


@dataclass(frozen=True)
class Report:
    """The sum of all runs on one commit. With a fault it says nothing about the commit."""

    runs: tuple[CheckRun, ...]
    manual_review: str

    @property
    def passed(self) -> bool:
        """No check failed. What was not checked counts for nothing; `manual_review` asks for a person."""
        return all(run.passed is not False for run in self.runs)

    @property
    def failed(self) -> tuple[CheckRun, ...]:
        return tuple(run for run in self.runs if run.passed is False)

    @property
    def fault_code(self) -> str:
        return next((run.fault for run in self.runs if run.fault), "")

    @property
    def fault(self) -> str:
        """A sentence about the first fault of the environment, with its remedy; empty when there was none."""
        for run in self.runs:
            if run.fault:
                return FAULTS[run.fault].format(name=run.check.name)
        return ""

    def summary(self) -> tuple[SummaryLine, ...]:
        return tuple(SummaryLine(run.check.name, verdict(run), run.duration_ms / 1000) for run in self.runs)

    def failure_text(self, budget_bytes: int = FAILURE_BYTES) -> str:
        """Each failed check with the head and tail of its output, in at most `budget_bytes` altogether."""
        sections: list[str] = []
        room = budget_bytes
        for left, run in zip(range(len(self.failed), 0, -1), self.failed, strict=True):
            section = _section(run, room // left - 2)
            room -= len(section.encode()) + 2
            sections.append(section)
        return "\n\n".join(sections)


def verdict(run: CheckRun) -> str:
    return {True: "passed", False: "failed", None: "not checked"}[run.passed]


def _section(run: CheckRun, budget_bytes: int) -> str:
    ended = "no exit status" if run.exit_status is None else f"exit status {run.exit_status}"
    command = keep_ends(run.check.command, limit=COMMAND_BYTES)
    also = ", as it does on the base commit" if run.baseline == "failed" else ""
    heading = f"{run.check.name} failed ({ended}){also}\n$ {command}\n"
    room = budget_bytes - len(heading.encode())
    return keep_ends(heading + keep_ends(run.output.strip("\n"), limit=room), limit=budget_bytes)
