"""retry_session SESSION: open a new round of a failed session, or let a held one go on."""

from __future__ import annotations

from automation.verb_command import VerbCommand
from issues import verbs


class Command(VerbCommand):
    help = "Try a failed or held session again."
    verb = staticmethod(verbs.retry)
