"""stop_session SESSION: stop the work on a session and hold it for a person."""

from __future__ import annotations

from automation.verb_command import VerbCommand
from issues import verbs


class Command(VerbCommand):
    help = "Stop a session. A worker that has it ends its agent first."
    verb = staticmethod(verbs.stop)
