"""tick: one heartbeat by hand."""

from __future__ import annotations

from typing import Any

from automation.console import Answer, ConsoleCommand
from automation.tick import tick


class Command(ConsoleCommand):
    help = "Ask the queue to look after every project once. The workers do the rest."

    def act(self, **options: Any) -> Answer:
        projects = tick()
        return Answer({"projects": projects}, [f"{projects} project(s) will be looked after."])
