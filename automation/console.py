"""What all commands share: data on stdout, the rest on stderr, `--json`, exit codes, how a row is named.

Every error becomes a sentence with a remedy. Text of other people is cleaned here, where it is written.
"""

from __future__ import annotations

import getpass
import json
import os
import select
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import IntEnum
from functools import partial
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.serializers.json import DjangoJSONEncoder
from django.db import Error as DatabaseTrouble
from django.db.models import Q

from automation.reasons import in_words
from issues.models import IssueSession
from issues.sanitize import clean_line, make_visible
from projects.errors import AutowrkersError, OperatorError
from projects.models import Project
from projects.models.project import ProjectQuerySet
from projects.redaction import redact

ENVIRONMENT_CODES = (
    "agent.unknown",
    "command.not_ready",
    "credential.",
    "mail.no_server",
    "missing_tool",
    "process.missing_program",
    "sandbox.",
)


class Exit(IntEnum):
    DONE = 0
    FAILED = 1
    USAGE = 2
    SOME_FAILED = 3
    NOT_READY = 4
    INTERRUPTED = 130


@dataclass(frozen=True)
class Answer:
    """What a command has to say: `data` for programs, `lines` for people, `errors` for both."""

    data: dict[str, Any] = field(default_factory=dict)
    lines: Sequence[str] = ()
    errors: Sequence[AutowrkersError] = ()
    code: Exit = Exit.DONE


class Error(CommandError):
    """Ends a command with its exit code. Django prints the class's name and the message, and no traceback."""


class ConsoleCommand(BaseCommand):
    """A command that answers. Subclasses write `act`."""

    _wants_json = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print one JSON object on stdout.")

    def act(self, **options: Any) -> Answer:
        raise NotImplementedError

    def run_from_argv(self, argv: list[str]) -> None:
        self._wants_json = _asks_for_json(argv)
        super().run_from_argv(argv)

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.error = partial(self._refuse, parser.error)  # type: ignore[method-assign]
        return parser

    def _refuse(self, end: Callable[[str], NoReturn], message: str) -> NoReturn:
        """A wrong use is an object too, for whoever reads only stdout; usage and exit code 2 are argparse's."""
        if self._wants_json:
            usage = AutowrkersError("command.usage", f"{message}.", "Ask for --help.")
            self.stdout.write(self._as_json(Answer(errors=[usage], code=Exit.USAGE), data=None))
        end(message)

    def execute(self, *args: Any, **options: Any) -> str | None:
        """NO_COLOR (no-color.org) means --no-color."""
        if os.environ.get("NO_COLOR") and not options.get("force_color"):
            options["no_color"] = True
        return super().execute(*args, **options)

    def handle(self, *args: Any, **options: Any) -> None:
        answer = Answer()
        with self._while_somebody_reads():
            answer = self._answer(options)
            if options.get("json") or options.get("json_lines"):
                self.stdout.write(self._as_json(answer))
            else:
                for line in answer.lines:
                    self.stdout.write(make_visible(line))
        if answer.code != Exit.DONE:
            sentences = [shown(str(error)) for error in answer.errors]
            name = answer.code.name.replace("_", " ").lower()
            raise Error("\n".join(sentences) or f"{name}.", returncode=answer.code)

    @contextmanager
    def _while_somebody_reads(self) -> Iterator[None]:
        """A reader such as `head` may end when it has seen enough; Python flushes once more at the end."""
        try:
            yield
            self.stdout.flush()
        except BrokenPipeError:
            if not _has_lost_its_reader(self.stdout.fileno()):
                raise
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.stdout.fileno())

    def say(self, line: str) -> None:
        """Something for the person who watches, on stderr."""
        self.stderr.write(make_visible(line), style_func=str)

    def _answer(self, options: dict[str, Any]) -> Answer:
        try:
            return self.act(**options)
        except AutowrkersError as error:
            return failure(error)
        except DatabaseTrouble as error:
            return failure(
                OperatorError(
                    "command.not_ready",
                    f"The database does not answer as expected ({clean_line(str(error))}).",
                    "Run `python manage.py migrate`, and check DATABASE_URL.",
                )
            )
        except KeyboardInterrupt:
            ended = AutowrkersError("command.interrupted", "Interrupted.", "It is safe to run it again.")
            return Answer(errors=[ended], code=Exit.INTERRUPTED)

    def _as_json(self, answer: Answer, **instead: Any) -> str:
        found = {
            "ok": answer.code == Exit.DONE,
            "command": type(self).__module__.rpartition(".")[2],
            "data": answer.data,
            "errors": [
                {"code": error.code, "message": shown(error.message), "remedy": shown(error.remedy)}
                for error in answer.errors
            ],
        } | instead
        return json.dumps(found, cls=DjangoJSONEncoder)


def _asks_for_json(argv: Sequence[str]) -> bool:
    """Read before the parser has read it; argparse takes the beginning of an option for the whole."""
    words = argv[2 : argv.index("--")] if "--" in argv else argv[2:]
    return any(len(word) > 2 and "--json-lines".startswith(word) for word in words)


def _has_lost_its_reader(pipe: int) -> bool:
    watched = select.poll()
    watched.register(pipe, 0)
    return any(event & select.POLLERR for _, event in watched.poll(0))


def shown(text: str) -> str:
    """Text that may come from outside, without secrets and without what a terminal would obey."""
    return make_visible(redact(text))


def failure(error: AutowrkersError, **data: Any) -> Answer:
    """The whole command failed."""
    return Answer(data=data, errors=[error], code=exit_for(error))


def exit_for(error: AutowrkersError) -> Exit:
    """A parked session names in its error why it waits."""
    cause = error.code.removeprefix("session.")
    return Exit.NOT_READY if cause.startswith(ENVIRONMENT_CODES) else Exit.FAILED


def actor() -> str:
    """Who runs this command, as journals name it."""
    try:
        return f"command line ({getpass.getuser()})"
    except (KeyError, OSError):  # a container's user id without a name
        return "command line"


def find_project(reference: str) -> Project:
    """A project by its id, its name or owner/repo."""
    wanted = clean_line(reference)
    found = list(_projects_called(wanted).select_related("credential")[:10])
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(f"{project.pk} ({project.github_repo})" for project in found)
        raise AutowrkersError(
            "project.ambiguous", f"Several projects are called {wanted}.", f"Use an id: {ids}."
        )
    known = ", ".join(Project.objects.active().values_list("github_repo", flat=True)[:10])
    raise AutowrkersError(
        "project.unknown",
        f"There is no project {wanted!r}.",
        f"Name it by id, name or owner/repo: {known}." if known else "Link a repository first.",
    )


def find_session(reference: str) -> IssueSession:
    """A session by its id, or as project#123, where project is what `find_project` takes."""
    project, hash_sign, number = clean_line(reference).rpartition("#")
    if hash_sign:
        return session_of(find_project(project), _number(number))
    pk = _number(number)
    shown = IssueSession.objects.filter(project__archived_at=None).select_related("project")
    session = shown.filter(pk=pk).first() if pk else None
    if session is None:
        raise AutowrkersError(
            "session.unknown", f"There is no session {number!r}.", "Name it by its id, or as owner/repo#123."
        )
    return session


def session_of(project: Project, issue_number: int | None) -> IssueSession:
    session = project.sessions.filter(github_issue_number=issue_number or 0).select_related("project").first()
    if session is None:
        raise AutowrkersError(
            "session.unknown",
            f"{project.github_repo} has no issue {issue_number or 'of that number'} here.",
            f"Run `python manage.py sync_issues {project.pk}`; one that the project's filter leaves out is taken by "
            "`start_session --force`.",
        )
    return session


def facts(session: IssueSession) -> dict[str, Any]:
    """A session for programs."""
    return {
        "id": session.pk,
        "project": session.project.github_repo,
        "issue": session.github_issue_number,
        "status": session.status,
        "step": session.step,
        "reason": session.reason,
        "attempts": session.attempts,
        "queued": session.queued_at is not None,
        "not_before": session.not_before,
        "last_error": shown(session.last_error),
        "pr_number": session.pr_number,
        "pr_state": session.pr_state,
        "pr_url": session.pr_url,
    }


def label(session: IssueSession) -> str:
    """A session in one line for people."""
    reason = f" ({in_words(session.reason)})" if session.reason else ""
    name = f"{session.project.github_repo}#{session.github_issue_number}"
    return f"{name}, session {session.pk}: {session.get_status_display().lower()}{reason}"


def _projects_called(wanted: str) -> ProjectQuerySet:
    active: ProjectQuerySet = Project.objects.active()
    by_id = active.filter(pk=_number(wanted) or 0)
    return by_id if by_id.exists() else active.filter(Q(name=wanted) | Q(github_repo__iexact=wanted))


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() else None
