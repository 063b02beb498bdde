"""start_session PROJECT ISSUE [--follow] [--force]: queue the work on one issue, as the start button does."""

from __future__ import annotations

import json
from argparse import ArgumentTypeError
from collections.abc import Callable
from typing import Any

from django.core.management.base import CommandParser

from automation.asked_for import known_or_fetched
from automation.console import (
    Answer,
    ConsoleCommand,
    Exit,
    actor,
    facts,
    find_project,
    find_session,
    label,
    session_of,
)
from automation.management.commands.run_session import conclusion
from automation.rehearsal import rehearse
from automation.rest import Reminder, follow_until_rest
from issues import verbs
from issues.models import IssueSession
from projects.errors import AutowrkersError


def issue_number(text: str) -> int:
    digits = text.removeprefix("#")
    if not digits.isdecimal() or not 0 < len(digits) < 10:
        raise ArgumentTypeError(f"{text!r} is not an issue number such as 12 or #12")
    return int(digits)


class Command(ConsoleCommand):
    help = (
        "Queue the work on one issue. A worker takes it up; run_session works on it at once, here. With --follow "
        "the agent's transcript is shown until the session rests; Ctrl-C ends the watching, not the work."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("project", help="Id, name or owner/repo.")
        parser.add_argument("issue", type=issue_number, help="The issue's number on GitHub.")
        parser.add_argument(
            "--dry-run", action="store_true", help="Print how it would begin and its prompt; change nothing."
        )
        parser.add_argument(
            "--force",
            action="store_true",
            help="Also an issue that the project's filter leaves out, and whatever its labels say until it begins. "
            "Limits, budgets and running work stay as they are.",
        )
        parser.add_argument("--follow", action="store_true", help="Show the work until the session rests.")
        parser.add_argument(
            "--json-lines",
            action="store_true",
            help="With --follow: each line of the transcript as a JSON object on stdout, the answer as the last.",
        )

    def act(self, **options: Any) -> Answer:
        if options["json_lines"] and not options["follow"]:
            error = AutowrkersError("command.usage", "Nothing is followed.", "Give --follow as well.")
            return Answer(errors=[error], code=Exit.USAGE)
        project, number, forced = find_project(options["project"]), options["issue"], options["force"]
        look = known_or_fetched if forced and not options["dry_run"] else session_of
        session = look(project, number)
        if options["dry_run"]:
            return rehearse(session)
        as_lines = options["json_lines"]
        show: Callable[[str], None] = self._show_as_json if as_lines else self.say
        result = verbs.start(session, actor=actor(), forced=forced)
        word = "was queued already" if result == verbs.UNCHANGED else "queued"
        if not options["follow"]:
            return Answer({"result": result, "session": facts(session)}, [f"{label(session)}; {word}."])
        self.say(f"{label(session)}; {word}.")
        return self._follow(session, show)

    def _follow(self, session: IssueSession, show: Callable[[str], None]) -> Answer:
        try:
            follow_until_rest(session, show=show, remind=Reminder(self.say), actor=actor())
        except KeyboardInterrupt:
            self.say(f"The work goes on. To end it: python manage.py stop_session {session.pk}")
            raise
        return conclusion(find_session(str(session.pk)), interrupted=False)

    def _show_as_json(self, line: str) -> None:
        self.stdout.write(json.dumps({"type": "transcript", "text": line}))
