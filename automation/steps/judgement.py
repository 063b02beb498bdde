"""What an agent's outcome means for its session: go on, wait, ask a person, or count an attempt."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from automation.agents.base import Outcome as AgentOutcome
from automation.outcomes import Advance, AttemptFailed, Hold, Outcome, Park
from issues.models import Attempt
from issues.states import Step

# Not the agent's fault: the reason, how long to wait (None: a growing back-off), and what a person can do.
PAUSES: dict[AgentOutcome, tuple[str, timedelta | None, str]] = {
    AgentOutcome.AUTH: ("agent_auth", timedelta(minutes=15), "It is tried again by itself."),
    AgentOutcome.USAGE_LIMIT: (
        "usage_limit",
        timedelta(hours=1),
        "Raise the account's limit, or wait: it is tried again by itself.",
    ),
    AgentOutcome.MISSING_TOOL: ("missing_tool", timedelta(minutes=10), ""),
    AgentOutcome.RATE_LIMIT: ("rate_limit", None, "It is tried again by itself."),
    AgentOutcome.OVERLOADED: ("overloaded", None, "It is tried again by itself."),
    AgentOutcome.MODEL_ERROR: ("model_error", None, "It is tried again by itself."),
    AgentOutcome.NO_SPACE: ("disk", None, "Free some there; it goes on by itself."),
    AgentOutcome.SESSION_LOST: ("session_lost", timedelta(seconds=1), "It starts again by itself."),
}
HELD = {
    AgentOutcome.ASKED: ("agent_asked", "Answer in the issue, then start the session again."),
    AgentOutcome.BLOCKED: ("agent_blocked", "Remove what is in its way, then start the session again."),
    AgentOutcome.BUDGET: (
        "budget",
        "Raise the project's budget for an attempt, then start the session again.",
    ),
}


def judge(attempt: Attempt, head_sha: str) -> Outcome:
    """Git decides whether there is a result; the agent's outcome decides what its absence means."""
    outcome = AgentOutcome(attempt.outcome)
    if outcome in HELD:
        reason, remedy = HELD[outcome]
        return Hold(reason, _sentences(attempt.message, remedy))
    if outcome in PAUSES:
        reason, pause, remedy = PAUSES[outcome]
        retry_at = attempt.retry_at or (timezone.now() + pause if pause else None)
        return Park(reason, _sentences(attempt.message, remedy), retry_at)
    if outcome not in (AgentOutcome.DONE, AgentOutcome.NO_CHANGE):
        return AttemptFailed(outcome.value, attempt.message, evidence={"attempt": attempt.number})
    if head_sha == attempt.base_sha:
        return AttemptFailed(
            "no_commit", "The agent ended without a new commit.", evidence={"attempt": attempt.number}
        )
    return Advance(
        Step.VERIFY,
        reason="committed",
        changes={"head_sha": head_sha},
        evidence={"attempt": attempt.number, "head_sha": head_sha},
    )


def _sentences(message: str, remedy: str) -> str:
    """An agent's own words may end without a full stop."""
    return f"{message}{'' if message.endswith(('.', '!', '?')) else '.'} {remedy}".strip()
