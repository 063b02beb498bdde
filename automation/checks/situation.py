"""What a check is given: what it may look at, and how far it may go for that."""

from __future__ import annotations

import time
from dataclasses import dataclass

from projects.models import Project

REQUEST_SECONDS = 8.0
PROGRAM_SECONDS = 10.0


@dataclass(frozen=True)
class Situation:
    """`projects`: those that the asker may know of. `site_wide`: may they know of the installation as well?

    A page that is only looked at asks no network and starts no program. After `deadline` (monotonic) nothing slow
    begins any more. A test mail goes out only to the address that a person named for it.
    `actor`: who asks, for what a check of linking also does.
    """

    projects: tuple[Project, ...] = ()
    site_wide: bool = True
    may_ask_network: bool = False
    may_run_programs: bool = False
    deadline: float = float("inf")
    send_mail_to: str = ""
    actor: str = ""

    @property
    def is_time_up(self) -> bool:
        return time.monotonic() >= self.deadline

    def seconds(self, wanted: float) -> float:
        """What is left for one slow thing that would take up to `wanted`."""
        return max(0.1, min(wanted, self.deadline - time.monotonic()))
