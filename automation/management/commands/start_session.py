"""start_session PROJECT ISSUE: queue the work on one issue, as the start button does."""

from __future__ import annotations

from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import CommandParser

from automation.console import Answer, ConsoleCommand, actor, facts, find_project, label, session_of
from issues import verbs


def issue_number(text: str) -> int:
    digits = text.removeprefix("#")
    if not digits.isdecimal() or not 0 < len(digits) < 10:
        raise ArgumentTypeError(f"{text!r} is not an issue number such as 12 or #12")
    return int(digits)


class Command(ConsoleCommand):
    help = "Queue the work on one issue. A worker takes it up; run_session works on it at once, here."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("project", help="Id, name or owner/repo.")
        parser.add_argument("issue", type=issue_number, help="The issue's number on GitHub.")

    def act(self, **options: Any) -> Answer:
        session = session_of(find_project(options["project"]), options["issue"])
        result = verbs.start(session, actor=actor())
        word = "was queued already" if result == verbs.UNCHANGED else "queued"
        return Answer({"result": result, "session": facts(session)}, [f"{label(session)}; {word}."])
