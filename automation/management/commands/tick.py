"""tick: one heartbeat by hand."""

from __future__ import annotations

from typing import Any

from automation import hosts
from automation.console import Answer, ConsoleCommand
from automation.tick import tick

NOBODY = (
    "No worker of the queue was heard of for a minute, so nothing was sent: start one (run, or qcluster)."
)


class Command(ConsoleCommand):
    help = "Ask the queue to look after every project once. The workers do the rest."

    def act(self, **options: Any) -> Answer:
        projects, is_served = tick(), hosts.is_served(hosts.QUEUE)
        said = f"{projects} project(s) will be looked after." if is_served else NOBODY
        return Answer({"projects": projects, "queue_is_served": is_served}, [said])
