"""The commands that ask one thing of one session, and say whether it was done or recorded for its worker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.core.management.base import CommandParser

from automation.console import Answer, ConsoleCommand, actor, facts, find_session, label
from issues import verbs

SAID = {
    verbs.DONE: "done.",
    verbs.RECORDED: "recorded; the worker that has it ends its work within seconds.",
    verbs.UNCHANGED: "nothing to do, it is queued already.",
}


class VerbCommand(ConsoleCommand):
    verb: ClassVar[Callable[..., str]]

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("session", help="A session's id, project#123 or owner/repo#123.")

    def act(self, **options: Any) -> Answer:
        session = find_session(options["session"])
        result = type(self).verb(session, actor=actor())
        return Answer({"result": result, "session": facts(session)}, [f"{label(session)}; {SAID[result]}"])
