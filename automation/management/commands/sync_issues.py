"""sync_issues [PROJECT...] [--all] [--dry-run]: bring projects up to date with GitHub, or say what that would do."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import CommandParser
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from automation.console import Answer, ConsoleCommand, Exit, exit_for, find_project
from automation.reasons import in_words
from automation.rest import Reminder
from issues import preview
from issues.preview import Seen
from issues.sanitize import clean_line
from issues.sync import SyncReport, sync_project
from projects import leases
from projects.connection import connected
from projects.errors import AutowrkersError, OperatorError, Retryable
from projects.github.ratelimit import Priority
from projects.health import clear_error
from projects.models import Project

Asked = tuple[dict[str, Any], list[str]]
WORDS = {
    preview.NEW: "new",
    preview.CHANGED: "changed",
    preview.MOVED: "becomes",
    preview.LEFT_OUT: "left out",
}


def moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is not a date such as 2026-01-31 or 2026-01-31T12:00Z") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


class Command(ConsoleCommand):
    help = "Fetch the issues of the named projects, or of all."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("projects", nargs="*", metavar="PROJECT", help="Id, name or owner/repo.")
        parser.add_argument("--all", action="store_true", help="All projects.")
        parser.add_argument(
            "--dry-run", action="store_true", help="List what would change, and store nothing."
        )
        parser.add_argument(
            "--since",
            type=moment,
            metavar="DATE",
            help="Look again at what changed on GitHub since then (UTC).",
        )

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
                    data, said = self._look_at(project, name, progress, task, options)
                except (OperatorError, Retryable) as error:
                    errors.append(_of_project(name, error))
                    continue
                finally:
                    progress.update(task, visible=False)
                done.append({"id": project.pk, "project": name} | data)
                lines += said
        code = _exit_code(done, errors)
        return Answer({"projects": done}, lines, errors, code)

    def _look_at(
        self, project: Project, name: str, progress: Progress, task: TaskID, options: dict[str, Any]
    ) -> Asked:
        if options["dry_run"]:
            return foresee(project, name, since=options["since"])
        is_told = progress.disable and options["verbosity"] > 0
        remind, pages = Reminder(self.say), 0

        def on_page() -> None:
            nonlocal pages
            pages += 1
            progress.advance(task)
            if is_told:
                remind(f"{name}: page {pages}")

        report = sync(project, on_page=on_page, since=options["since"])
        return asdict(report), [summary(name, report)]

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


def sync(project: Project, *, on_page: Callable[[], Any], since: datetime | None = None) -> SyncReport:
    """One whole sync under the project's lease, as the workers do it."""
    lease = leases.claim(Project, project.pk)
    if lease is None:
        raise Retryable(
            "project.busy", "A worker is looking after this project.", "Try again in a few seconds."
        )
    project.refresh_from_db()  # with what the holder before us stored
    if since is not None and project.sync_cursor is not None:
        project.sync_cursor = min(since, project.sync_cursor)

    def may_go_on() -> bool:
        on_page()
        return leases.renew(lease)

    try:
        with connected(project, priority=Priority.PEOPLE) as client:
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


def foresee(project: Project, name: str, *, since: datetime | None) -> Asked:
    """What a sync would do; the project may be in a worker's hands meanwhile."""
    with connected(project, priority=Priority.PEOPLE) as client:
        seen, listed = preview.preview(project, client, since=since)
    counts = {kind: sum(each.kind == kind for each in seen) for kind in WORDS}
    said = ", ".join(f"{count} {WORDS[kind]}" for kind, count in counts.items() if kind != preview.MOVED)
    head = (
        f"{name}: {said}, {counts[preview.MOVED]} with another status, {listed} listed. Nothing was stored."
    )
    data = {"dry_run": True, "listed": listed, "issues": [asdict(each) for each in seen]}
    return data, [head, *(f"  {_sentence(each)}" for each in seen)]


def _sentence(seen: Seen) -> str:
    status = f" {seen.status}" if seen.kind in (preview.NEW, preview.MOVED) else ""
    reason = f" ({in_words(seen.reason)})" if seen.reason else ""
    return f"#{seen.number} {WORDS[seen.kind]}{status}{reason}: {clean_line(seen.title, limit=100)}"


def _of_project(name: str, error: AutowrkersError) -> AutowrkersError:
    return AutowrkersError(error.code, f"{name}: {error.message}", error.remedy)


def _exit_code(done: list[dict[str, Any]], errors: list[AutowrkersError]) -> Exit:
    if not errors:
        return Exit.DONE
    if done:
        return Exit.SOME_FAILED
    codes = {exit_for(error) for error in errors}
    return codes.pop() if len(codes) == 1 else Exit.FAILED
