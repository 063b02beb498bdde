"""Verifies one commit: setup and all planned checks on a throwaway checkout, each stored as soon as it has run."""

from __future__ import annotations

import functools
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
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
from verification.report import MISSING_TOOL, SANDBOX, SETUP, CheckRun, Report, verdict
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
    4. Run every check, also after one has failed, and each that failed on the base as well. Store each result under
       the fence of `lease`.

    `on_output` hears of every output of a check.
    Without a lease nobody else is expected to work on the session. Raises Cancelled when `stop` asks for the
    end or the lease is lost.
    """
    with mirror.history() as history:
        changed, files = history.changed_files(base_sha, head_sha), history.list_files(head_sha)
    plan = strategy.plan(session.project, files=files, changed_files=changed)
    store = partial(_store, session, attempt=attempt, head_sha=head_sha, lease=lease)
    options = {"sandbox": sandbox, "stop": stop, "on_output": on_output}
    with (
        _checkout(session, mirror, head_sha, lease=lease) as binds,
        _on_base(session, mirror, base_sha, lease=lease, **options) as ends_on_base,
    ):
        run = _runner(session.project, binds=binds, **options)
        setup = _set_up(session.project, run)
        runs = [store(setup)] if setup else []
        if not (setup and setup.fault):
            runs += [store(ends_on_base(_blame(run(check), changed))) for check in plan.checks]
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
def _on_base(
    session: IssueSession, mirror: Mirror, base_sha: str, *, lease: Lease | None, **options: Any
) -> Iterator[Callable[[CheckRun], CheckRun]]:
    """Adds to a failed check how it ends on the base commit, found out once in a round.

    Nothing is added where that says nothing: the environment is at fault, or the check is made for the change's files.
    """
    rows = VerificationResult.objects.filter(issue_session=session, attempt__round=session.round)
    known = dict(rows.exclude(baseline="").values_list("command", "baseline"))
    with ExitStack() as opened:

        @functools.cache
        def runner() -> Runner | None:
            binds = opened.enter_context(_checkout(session, mirror, base_sha, lease=lease, of_base=True))
            run = _runner(session.project, binds=binds, **options)
            setup = _set_up(session.project, run)
            return None if setup and setup.fault else run

        def judged(ended: CheckRun) -> CheckRun:
            check = ended.check
            if ended.passed is not False or ended.fault or check.is_ours:
                return ended
            if check.command not in known:
                run = runner()
                there = run(check) if run else None
                known[check.command] = "" if there is None or there.fault else verdict(there)
            return replace(ended, baseline=known[check.command])

        yield judged


@contextmanager
def _checkout(
    session: IssueSession, mirror: Mirror, sha: str, *, lease: Lease | None, of_base: bool = False
) -> Iterator[list[Bind]]:
    """A clean checkout and an empty home, both gone afterwards, as a check may see them."""
    folder = folders.check_path(session.pk, lease.fence if lease else secrets.randbits(48))
    folder = folder / "base" if of_base else folder
    folders.remove(folder)
    home = folder / "home"
    home.mkdir(parents=True)
    try:
        with checkouts.checkout(mirror, sha, folder / "tree") as tree:
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
            baseline=run.baseline,
        )
    return run
