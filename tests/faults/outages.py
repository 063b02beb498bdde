"""GitHub away for six hours in the middle of ten running sessions, on the simulator's clock."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from tests.faults.people import BOT, REPO
from tests.faults.runner import play
from tests.faults.schedule import Schedule, Task
from tests.faults.wire import Trouble
from tests.faults.world import World

SESSIONS = 10
AWAY, BACK = 420.0, 420.0 + 6 * 3600
HORIZON = 10 * 3600.0
AGENT_SECONDS = (240.0, 1200.0)
HOUR = 3600.0


def github(root: Path) -> dict[str, Any]:
    """Refused connections over API and git alike. `table` has lines of time and event."""
    logging.disable(logging.CRITICAL)
    world = World(root, slots=SESSIONS)
    schedule = Schedule(
        1,
        tasks=[Task(float(number)) for number in range(SESSIONS)],
        troubles=[Trouble("reset", since=AWAY, until=BACK)],
        agent_seconds=AGENT_SECONDS,
    )
    try:
        result = play(world, schedule, HORIZON)
        running = sum(run.began_at < AWAY < run.ends_at for run in world.programs.runs)
        within = [sent.left_at for sent in world.wire.sent if AWAY <= sent.left_at < BACK]
        opened = [
            sent.left_at - BACK
            for sent in world.wire.sent
            if (sent.method, sent.status) == ("POST", 201)
            and sent.path.endswith("/pulls")
            and sent.left_at > BACK
        ]
        pulls = [pull for pull in world.hub.pulls(REPO) if pull.author == BOT]
        reasons = [event.reason for session in world.sessions() for event in session.events.all()]
        verdict = result.verdict
        attempts = [session.attempts for session in world.sessions()]
        held = sum(session.status == "needs_review" for session in world.sessions())
    finally:
        world.close()
    table = [
        (0.0, f"{SESSIONS} issues are opened"),
        (AWAY, f"GitHub refuses every connection; {running} agents are at work"),
        *[
            (
                AWAY + (hour + 1) * HOUR,
                f"{sum(hour * HOUR <= at - AWAY < (hour + 1) * HOUR for at in within)} requests",
            )
            for hour in range(6)
        ],
        (BACK, "GitHub answers again"),
        *([(BACK + min(opened), "the first pull request is opened")] if opened else []),
        *([(BACK + max(opened), "the last pull request is opened")] if opened else []),
        (result.ended_at, f"all is done: {len(pulls)} pull requests"),
    ]
    return {
        "outage": "GitHub, 6 h, simulated",
        "table": [(round(at), event) for at, event in table],
        "requests_during": len(within),
        "times_parked": sum(reason in ("github.unavailable", "git.network") for reason in reasons),
        "resumed_within_s": round(max(opened, default=0)),
        "attempts_used": sum(attempts),
        "needs_a_person": held,
        "duplicates": verdict.duplicates,
        "losses": [*verdict.losses, *verdict.wrongs, *verdict.human_steps],
    }
