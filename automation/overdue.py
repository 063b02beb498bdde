"""How long a step may take at the very most. Its own limits end it long before: beyond this its holder hangs."""

from __future__ import annotations

from issues.models import IssueSession
from issues.states import Step
from issues.transitions import SYSTEM, note
from verification.strategy import most_runs

REASON = "overdue"
PREPARE_SECONDS = (
    90 * 60.0
)  # a wait for the mirror's lock, a first fetch and a checkout, each to its own limit
PUBLISH_SECONDS = 60 * 60.0
REST_SECONDS = 60 * 60.0  # for git before and after an agent or checks
GIVEN_UP_AFTER = 3


def allowed_seconds(session: IssueSession) -> float:
    """For the session's present step."""
    project = session.project
    check = project.check_max_minutes * 60.0
    match session.step:
        case Step.WORK:
            return check + project.attempt_max_minutes * 60.0 + REST_SECONDS
        case Step.VERIFY:
            return check * most_runs(project) + REST_SECONDS
        case Step.PUBLISH:
            return PUBLISH_SECONDS
    return PREPARE_SECONDS


def note_once(session_pk: int, host: str) -> None:
    """In the journal, by the holder, before it lets go."""
    session = IssueSession.objects.get(pk=session_pk)
    message = (
        f"The step {session.step} does not come to an end, so its worker was given up and another goes on."
    )
    note(session, "noted", actor=SYSTEM, reason=REASON, message=message, evidence={"host": host})


def keeps_hanging(session: IssueSession) -> bool:
    """Whether its present step has hung so often since it was queued that a person must look."""
    seen = session.events.filter(reason=REASON, step=session.step, created_at__gte=session.queued_at)
    return seen.count() >= GIVEN_UP_AFTER
