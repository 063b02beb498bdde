"""sync_issues [PROJECT...] [--all]: bring the sessions of projects up to date with GitHub, here and now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Any

from django.core.management.base import CommandParser
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from automation.console import Answer, ConsoleCommand, Exit, exit_for, find_project
from issues.sanitize import clean_line
from issues.sync import SyncReport, sync_project
from projects import leases
from projects.connection import connected
from projects.errors import AutowrkersError, OperatorError, Retryable
from projects.health import clear_error
from projects.models import Project


class Command(ConsoleCommand):
    help = "Fetch the issues of the named projects, or of all."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("projects", nargs="*", metavar="PROJECT", help="Id, name or owner/repo.")
        parser.add_argument("--all", action="store_true", help="All projects.")

    def act(self, **options: Any) -> Answer:
        if bool(options["projects"]) == options["all"]:
            error = AutowrkersError(
                "command.usage", "Which projects?", "Name one or more, or give --all, not both."
            )
            return Answer(errors=[error], code=Exit.USAGE)
        if options["all"]:
            projects = list(Project.objects.active().select_related("credential"))
        else:
            projects = list({p.pk: p for p in map(find_project, options["projects"])}.values())
        done: list[dict[str, Any]] = []
        lines, errors = [], []
        with self._progress(options) as progress:
            for project in projects:
                name = clean_line(project.github_repo)
                task = progress.add_task(name, total=None)
                try:
                    report = sync(project, on_page=partial(progress.advance, task))
                except (OperatorError, Retryable) as error:
                    errors.append(_of_project(name, error))
                    continue
                finally:
                    progress.update(task, visible=False)
                done.append({"id": project.pk, "project": name} | asdict(report))
                lines.append(summary(name, report))
        code = _exit_code(done, errors)
        return Answer({"projects": done}, lines, errors, code)

    def _progress(self, options: dict[str, Any]) -> Progress:
        """A line with a spinner and the pages so far; nothing at all unless stderr is a terminal."""
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}, page {task.completed}"),
            TimeElapsedColumn(),
        )
        console = Console(stderr=True, no_color=options.get("no_color") or None)
        is_off = not self.stderr.isatty() or options["verbosity"] == 0
        return Progress(*columns, console=console, transient=True, disable=is_off)


def sync(project: Project, *, on_page: Callable[[], Any]) -> SyncReport:
    """One whole sync under the project's lease, as the workers do it."""
    lease = leases.claim(Project, project.pk)
    if lease is None:
        raise Retryable(
            "project.busy", "A worker is looking after this project.", "Try again in a few seconds."
        )
    project.refresh_from_db()  # with what the holder before us stored

    def may_go_on() -> bool:
        on_page()
        return leases.renew(lease)

    try:
        with connected(project) as client:
            report = sync_project(project, client, may_go_on=may_go_on)
    finally:
        leases.release(lease)
    if not report.finished:
        raise Retryable("project.lease_lost", "Another worker took the project over.", "Run it again.")
    clear_error(project)
    return report


def summary(name: str, report: SyncReport) -> str:
    left_out = f", {len(report.malformed)} malformed and left out" if report.malformed else ""
    counts = f"{report.new} new, {report.changed} changed, {report.skipped} skipped"
    return f"{name}: {counts}, {report.listed} listed{left_out}."


def _of_project(name: str, error: AutowrkersError) -> AutowrkersError:
    return AutowrkersError(error.code, f"{name}: {error.message}", error.remedy)


def _exit_code(done: list[dict[str, Any]], errors: list[AutowrkersError]) -> Exit:
    if not errors:
        return Exit.DONE
    if done:
        return Exit.SOME_FAILED
    codes = {exit_for(error) for error in errors}
    return codes.pop() if len(codes) == 1 else Exit.FAILED
