"""skip_session SESSION: leave this issue alone until a person starts it."""

from __future__ import annotations

from automation.verb_command import VerbCommand
from issues import verbs


class Command(VerbCommand):
    help = "Skip a session. A worker that has it ends its agent first."
    verb = staticmethod(verbs.skip)
