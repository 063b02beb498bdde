"""The rows of agent runs: begun before the process starts, finished right after it ends, each under the fence."""

from __future__ import annotations

import socket
import uuid
from typing import Any

from django.db import transaction
from django.db.models import Max, Sum
from django.utils import timezone

from automation.agents.base import AgentResult, Outcome
from automation.effects import check_lease
from automation.recovery import WORKER_LOST
from issues.models import Attempt, IssueSession
from issues.states import MAX_UNCOUNTED_STARTS
from issues.transitions import touch
from projects.errors import AutowrkersError
from projects.leases import Lease
from projects.redaction import redact
from projects.workspace.processes import ProcessIdentity

NOT_STARTED = "not_started"
INTERRUPTED = frozenset(
    {
        WORKER_LOST,
        Outcome.RATE_LIMIT,
        Outcome.OVERLOADED,
        Outcome.MODEL_ERROR,
        Outcome.USAGE_LIMIT,
        Outcome.AUTH,
        Outcome.MISSING_TOOL,
        Outcome.CANCELLED,
        Outcome.HANDED_OVER,
        Outcome.NO_SPACE,
    }
)


def keeps_failing(session: IssueSession) -> bool:
    """Whether the last five agent starts since the session was queued all ended uncounted and without a new commit.

    What was handed over says nothing about the agent.
    """
    since = session.attempt_rows.filter(round=session.round, started_at__gte=session.queued_at)
    since = since.exclude(outcome=Outcome.HANDED_OVER)
    last = list(since[:MAX_UNCOUNTED_STARTS])
    lost = [row for row in last if row.outcome and not row.counted and row.head_sha in ("", row.base_sha)]
    return len(lost) == MAX_UNCOUNTED_STARTS


def last_head(session: IssueSession) -> str:
    """The newest head that this round has imported, else its base: what the next attempt builds on."""
    done = session.attempt_rows.filter(round=session.round).exclude(head_sha="").first()
    return done.head_sha if done is not None else session.base_sha


def interrupted(session: IssueSession) -> Attempt | None:
    """The last attempt, when the agent did not come to an end of its own and can be told to go on."""
    last = session.attempt_rows.filter(round=session.round).first()
    return last if last is not None and last.outcome in INTERRUPTED and last.agent_session_id else None


def uncollected(session: IssueSession) -> Attempt | None:
    """The present attempt, when its agent came to an end in this round but nobody has looked at what it left."""
    attempt = session.session
    if attempt is None or attempt.outcome not in (Outcome.DONE, Outcome.ASKED, Outcome.BLOCKED):
        return None
    is_open = attempt.round == session.round and not attempt.head_sha and not attempt.counted
    return attempt if is_open else None


def lose_uncollected(session: IssueSession, *, lease: Lease) -> None:
    attempt = uncollected(session)
    if attempt is None:
        return
    with transaction.atomic():
        check_lease(lease)
        attempt.outcome, attempt.message = WORKER_LOST, "What it left was lost with its worker."
        attempt.save(update_fields=["outcome", "message"])


def was_lost_to(session: IssueSession, lease: Lease) -> bool:
    """Whether the last attempt's agent was ended by whoever claimed `lease`, since its worker was gone."""
    last = session.attempt_rows.filter(round=session.round).first()
    if last is None or last.outcome != WORKER_LOST or not last.pid or last.host != socket.gethostname():
        return False
    return last.ended_at is not None and last.ended_at >= lease.claimed_at


def begin(
    session: IssueSession,
    *,
    lease: Lease,
    prompt: str,
    kind: str,
    agent: str,
    agent_session_id: str,
    base_sha: str,
) -> Attempt:
    with transaction.atomic():
        check_lease(lease)
        number = session.attempt_rows.aggregate(last=Max("number"))["last"] or 0
        attempt = Attempt.objects.create(
            issue_session=session,
            number=number + 1,
            round=session.round,
            kind=kind,
            prompt=redact(prompt),
            agent=agent,
            agent_session_id=agent_session_id,
            base_sha=base_sha,
        )
        touch(session, session=attempt)
    return attempt


def new_agent_session_id() -> str:
    return str(uuid.uuid4())


def record_process(attempt: Attempt, identity: ProcessIdentity, *, lease: Lease) -> None:
    """Where the agent runs, so that whoever takes over can end it first. Raises Cancelled when somebody has already."""
    attempt.host, attempt.pid, attempt.pid_started = identity.host, identity.pid, identity.started
    with transaction.atomic():
        check_lease(lease)
        attempt.save(update_fields=["host", "pid", "pid_started"])


def record_conversation(attempt: Attempt, agent_session_id: str) -> None:
    """The agent's own id, as soon as it tells one: whoever takes over from a lost worker resumes by it."""
    if agent_session_id and len(agent_session_id) <= 128 and agent_session_id != attempt.agent_session_id:
        attempt.agent_session_id = agent_session_id
        attempt.save(update_fields=["agent_session_id"])


def finish(attempt: Attempt, result: AgentResult, *, lease: Lease) -> None:
    values: dict[str, Any] = {
        "outcome": result.outcome.value,
        "message": redact(result.message),
        "summary": redact(result.final_text),
        "agent_version": result.version[:64],
        "turns": result.turns,
        "input_tokens": result.input_tokens,
        "output_tokens": result.output_tokens,
        "cost_usd": result.cost_usd,
        "ended_at": timezone.now(),
        "retry_at": result.retry_at,
        "agent_session_id": result.agent_session_id or attempt.agent_session_id,
    }
    with transaction.atomic():
        check_lease(lease)
        for name, value in values.items():
            setattr(attempt, name, value)
        attempt.save(update_fields=list(values))


def give_up(attempt: Attempt, error: AutowrkersError) -> None:
    """Its agent could not be started."""
    attempt.outcome, attempt.message, attempt.ended_at = NOT_STARTED, redact(str(error)), timezone.now()
    attempt.save(update_fields=["outcome", "message", "ended_at"])


def record_head(attempt: Attempt, head_sha: str, *, lease: Lease) -> None:
    with transaction.atomic():
        check_lease(lease)
        attempt.head_sha = head_sha
        attempt.save(update_fields=["head_sha"])


def prior_tokens(attempt: Attempt) -> tuple[int, int]:
    """Input and output tokens that earlier runs of the same agent conversation have used."""
    earlier = Attempt.objects.filter(
        issue_session=attempt.issue_session_id,
        agent_session_id=attempt.agent_session_id,
        number__lt=attempt.number,
    )
    used = earlier.aggregate(input=Sum("input_tokens"), output=Sum("output_tokens"))
    return used["input"] or 0, used["output"] or 0
