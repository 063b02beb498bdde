"""Verifies one commit: setup and all planned checks on a throwaway checkout, each stored as soon as it has run."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from django.db import transaction

from issues.models import Attempt, IssueSession
from projects import leases
from projects.errors import Cancelled, OperatorError
from projects.leases import Lease
from projects.models import Project
from projects.workspace import checkouts, folders, leftovers
from projects.workspace.mirror import Mirror
from projects.workspace.processes import Stop
from projects.workspace.sandbox import Bind, Sandbox
from verification import strategy
from verification.models import VerificationResult
from verification.report import MISSING_TOOL, SANDBOX, SETUP, CheckRun, Report
from verification.runner import run_check
from verification.strategy import PlannedCheck

LONGEST_NAME = 100
Runner = Callable[[PlannedCheck], CheckRun]


def verify_commit(
    session: IssueSession,
    *,
    attempt: Attempt | None,
    mirror: Mirror,
    head_sha: str,
    base_sha: str,
    sandbox: Sandbox,
    stop: Stop | None,
    lease: Lease | None,
    on_output: Callable[[], None] | None = None,
) -> Report:
    """What our own checks say about `head_sha`, whatever anybody's clone holds besides it.

    1. Plan from the commit's files and from what changed since `base_sha`.
    2. Check the commit out into a folder that is removed afterwards.
    3. Run setup; when it fails nothing else runs, and that is the environment's fault.
    4. Run every check, also after one has failed. Store each result under the fence of `lease`.

    `on_output` hears of every output of a check.
    Without a lease nobody else is expected to work on the session. Raises Cancelled when `stop` asks for the
    end or the lease is lost.
    """
    with mirror.history() as history:
        changed, files = history.changed_files(base_sha, head_sha), history.list_files(head_sha)
    plan = strategy.plan(session.project, files=files, changed_files=changed)
    store = partial(_store, session, attempt=attempt, head_sha=head_sha, lease=lease)
    with _checkout(session, mirror, head_sha=head_sha, lease=lease) as binds:
        run = _runner(session.project, binds=binds, sandbox=sandbox, stop=stop, on_output=on_output)
        setup = _set_up(session.project, run)
        runs = [store(setup)] if setup else []
        if not (setup and setup.fault):
            runs += [store(_blame(run(check), changed)) for check in plan.checks]
    return Report(tuple(runs), plan.manual_review)


def run_setup(
    session: IssueSession,
    mirror: Mirror,
    *,
    clone: Path,
    sandbox: Sandbox,
    stop: Stop | None,
    on_output: Callable[[], None] | None = None,
) -> str:
    """Prepare the agent's clone. What is wrong, for the operator, or nothing when it worked.

    What it leaves there is not the agent's work. Raises OperatorError `git.clone_broken`, or `workspace.too_large`
    when it wrote more than it may, and Cancelled.
    """
    if strategy.setup_check(session.project) is None:
        return ""
    home = folders.home_path(session.pk)
    home.mkdir(parents=True, exist_ok=True)
    binds = checkouts.agent_binds(mirror, clone, home)
    with leftovers.forgotten(clone, sandbox=sandbox, binds=binds, stop=stop):
        run = _runner(session.project, binds=binds, sandbox=sandbox, stop=stop, on_output=on_output)
        setup = _set_up(session.project, run)
    if setup is None or not setup.fault:
        return ""
    report = Report((setup,), "")
    if setup.exceeded == "writes":
        raise OperatorError(
            "workspace.too_large",
            report.failure_text(),
            "Correct the setup command, or raise AUTOWRKERS_AGENT_DISK_MB; it starts from a fresh clone then.",
        )
    return f"{report.fault}\n\n{report.failure_text()}"


def _runner(project: Project, **options: Any) -> Runner:
    return partial(run_check, time_limit_seconds=project.check_max_minutes * 60, **options)


def _set_up(project: Project, run: Runner) -> CheckRun | None:
    planned = strategy.setup_check(project)
    if planned is None:
        return None
    setup = run(planned)
    return setup if setup.passed or setup.fault == SANDBOX else replace(setup, fault=SETUP)


def _blame(run: CheckRun, changed_files: Sequence[str]) -> CheckRun:
    """A program that cannot be started is the commit's own doing where the commit changed that very file."""
    if run.fault == MISSING_TOOL and strategy.names_any(run.check.command, changed_files):
        return replace(run, fault="")
    return run


@contextmanager
def _checkout(
    session: IssueSession, mirror: Mirror, *, head_sha: str, lease: Lease | None
) -> Iterator[list[Bind]]:
    """A clean checkout and an empty home, both gone afterwards, as a check may see them."""
    folder = folders.check_path(session.pk, lease.fence if lease else secrets.randbits(48))
    folders.remove(folder)
    home = folder / "home"
    home.mkdir(parents=True)
    try:
        with checkouts.checkout(mirror, head_sha, folder / "tree") as tree:
            yield checkouts.agent_binds(mirror, tree, home)
    finally:
        folders.remove(folder)


def _store(
    session: IssueSession, run: CheckRun, *, attempt: Attempt | None, head_sha: str, lease: Lease | None
) -> CheckRun:
    with transaction.atomic():
        if lease is not None and not leases.update_held(lease, head_sha=head_sha):
            raise Cancelled("session.lease_lost", "Another worker has taken this session over.")
        VerificationResult.objects.create(
            issue_session=session,
            attempt=attempt,
            head_sha=head_sha,
            check_type=run.check.check_type,
            name=run.check.name[:LONGEST_NAME],
            command=run.check.command,
            passed=run.passed,
            output=run.output,
            exit_status=run.exit_status,
            fault=run.fault,
            duration_ms=run.duration_ms,
        )
    return run
