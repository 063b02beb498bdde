"""Which checks a commit has to pass, decided from the project's commands and the commit's files alone."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from issues.layout import has_tests
from projects.models import Project
from verification.models import VerificationResult
from verification.smoke import parse_command

CheckType = VerificationResult.CheckType

OF_EVERY_PROJECT = 7  # setup, lint, types, tests, build, smoke, verification; a project's own come on top
NO_TEST_COMMAND = "No test command is configured, so no test speaks for this change."
NO_TEST_FILES = "The repository has no tests, so only the other checks speak for this change."


@dataclass(frozen=True)
class PlannedCheck:
    """One command to run. An empty command can only be reported as not checked.

    `is_ours`: nobody configured it, so a missing tool leaves it unchecked and is nobody's fault.
    """

    check_type: str
    name: str
    command: str
    is_ours: bool = False


@dataclass(frozen=True)
class Plan:
    """The checks in the order they run. `manual_review` says why a person must look; empty: no need to."""

    checks: tuple[PlannedCheck, ...]
    manual_review: str


def plan(project: Project, *, files: Sequence[str], changed_files: Sequence[str]) -> Plan:
    """The checks for a commit that holds `files` and differs from its base in `changed_files`.

    Without tests the test command is left out: it would fail for that reason alone. The verification command
    always runs, since somebody asked for it whatever the repository holds.
    """
    test, verification = project.test_command.strip(), project.verification_command.strip()
    tested = has_tests(files) or names_any(test or verification, files)
    stand_in = "" if test else verification
    extra = verification if test and (verification != test or not tested) else ""
    checks = [
        PlannedCheck(CheckType.LINT, CheckType.LINT.label, project.lint_command.strip()),
        PlannedCheck(CheckType.TYPE_CHECK, CheckType.TYPE_CHECK.label, project.type_check_command.strip()),
        PlannedCheck(CheckType.TEST, CheckType.TEST.label, test if tested and test else stand_in),
        PlannedCheck(CheckType.BUILD, CheckType.BUILD.label, project.build_command.strip()),
        PlannedCheck(CheckType.CUSTOM, "verification", extra),
        *(PlannedCheck(CheckType.CUSTOM, each["name"], each["command"]) for each in project.custom_checks),
    ]
    configured = [check for check in checks if check.command]
    place = sum(check.check_type != CheckType.CUSTOM for check in configured)
    configured.insert(place, _smoke(project, present=set(files), changed_files=changed_files))
    return Plan(tuple(configured), _reason_for_review(tested=tested, has_command=bool(test or verification)))


def setup_check(project: Project) -> PlannedCheck | None:
    """What prepares a checkout before anything else runs in it."""
    command = project.setup_command.strip()
    return PlannedCheck(CheckType.SETUP, CheckType.SETUP.label, command) if command else None


def most_runs(project: Project) -> int:
    """How many commands one verification may run: setup and every check, and after failures all on the base as well."""
    return 2 * (OF_EVERY_PROJECT + len(project.custom_checks))


def names_any(command: str, paths: Collection[str]) -> bool:
    """Whether a word of the shell line is one of `paths`, such as `./check.sh` or `python tools/check.py`."""
    try:
        words = shlex.split(command)
    except ValueError:
        words = command.split()
    return not {posixpath.normpath(word) for word in words}.isdisjoint(paths)


def _smoke(project: Project, *, present: set[str], changed_files: Sequence[str]) -> PlannedCheck:
    command = project.smoke_command.strip()
    if command:
        return PlannedCheck(CheckType.SMOKE, CheckType.SMOKE.label, command)
    still_there = [path for path in changed_files if path in present]
    return PlannedCheck(CheckType.SMOKE, CheckType.SMOKE.label, parse_command(still_there), is_ours=True)


def _reason_for_review(*, tested: bool, has_command: bool) -> str:
    if not has_command:
        return NO_TEST_COMMAND
    return "" if tested else NO_TEST_FILES
