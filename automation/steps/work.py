"""Work: the agent runs on its clone in the sandbox, and what it committed is imported into the mirror.

Re-entered after a crash, it first collects what an agent that had already come to its end left behind.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from functools import partial
from pathlib import Path

from django.utils import timezone

from automation import attempts, budgets
from automation.agents.base import Adapter, AgentResult, AgentTask
from automation.agents.base import Outcome as AgentOutcome
from automation.agents.events import Event, Started
from automation.agents.programs import agent_environment, command_of
from automation.agents.runner import run_agent
from automation.agents.verdicts import MESSAGES
from automation.briefing import write_prompt
from automation.environment import StepEnvironment
from automation.holding import HANDED_OVER, LOST
from automation.outcomes import Advance, AttemptFailed, Hold, Outcome, Park
from automation.steps.collect import UNUSABLE, collect
from automation.steps.judgement import judge
from issues import trust
from issues.models import Attempt, IssueSession
from issues.states import Step
from projects.connection import mirror_of
from projects.errors import AutowrkersError, Cancelled, OperatorError
from projects.workspace import checkouts, folders
from projects.workspace.processes import Stop
from projects.workspace.sandbox import caps
from projects.workspace.streams import Limits
from verification.verify import run_setup

logger = logging.getLogger(__name__)
OUTPUT_BYTES = 200 * 2**20
LINE_BYTES = 2**20
SALVAGE_SECONDS = 6.0  # and two more until git has ended
HAND_OVER_SECONDS = 12.0  # the same, while many sessions of a host may be handed over at once


def run(session: IssueSession, env: StepEnvironment) -> Outcome:
    attempt = attempts.uncollected(session)
    if attempt is None and attempts.keeps_failing(session):
        return Hold(
            "keeps_failing",
            f"The agent was started five times without coming to work. {session.last_error} "
            "Correct that, then start the session again.",
        )
    if not env.clone.exists():
        return Advance(Step.PREPARE, reason="clone_missing")
    if attempt is None:
        if held := trust.held_because(session, session.project):
            return Hold(*held)
        now = timezone.now()
        if spent := budgets.blocked_reason(session.project, now):
            return Park(budgets.USED_UP, spent, now)  # dispatch holds it until there is budget again
        try:
            fault = run_setup(
                session,
                env.mirror,
                clone=env.clone,
                sandbox=env.sandbox,
                stop=env.stop,
                on_output=env.hear,
            )
        except OperatorError as error:
            if error.code in UNUSABLE:
                folders.remove(env.clone)
            raise
        if fault:
            return Park("setup", fault)
        attempt = _run_agent(session, env)
    return _judge(session, attempt, env)


def _run_agent(session: IssueSession, env: StepEnvironment) -> Attempt:
    before = resumed(session, env.adapter, env.home)
    head_sha = attempts.last_head(session)
    kind = kind_of(session, before)
    chosen = attempts.new_agent_session_id() if env.adapter.chooses_session_id else ""
    with env.mirror.history() as history:
        prompt = write_prompt(session, history, kind=kind, head_sha=head_sha)
    attempt = attempts.begin(
        session,
        lease=env.lease,
        prompt=prompt,
        kind=kind,
        agent=env.adapter.name,
        agent_session_id=before.agent_session_id if before else chosen,
        base_sha=head_sha,
    )
    try:
        result = _play(session, attempt, env, resume=before is not None)
    except OperatorError as error:
        attempts.give_up(attempt, error)
        raise
    if result.outcome is AgentOutcome.CANCELLED and env.stop.reason == HANDED_OVER:
        outcome = AgentOutcome.HANDED_OVER
        result = replace(result, outcome=outcome, message=MESSAGES[outcome])
    attempts.finish(attempt, result, lease=env.lease)
    return attempt


def _play(session: IssueSession, attempt: Attempt, env: StepEnvironment, *, resume: bool) -> AgentResult:
    project = session.project
    prior = attempts.prior_tokens(attempt) if resume else (0, 0)
    env.home.mkdir(parents=True, exist_ok=True)
    binds = checkouts.agent_binds(env.mirror, env.clone, env.home)
    return run_agent(
        env.adapter,
        AgentTask(
            prompt=attempt.prompt,
            work_dir=env.sandbox.path_inside(checkouts.clone_bind(env.clone)),
            home=env.sandbox.path_inside(checkouts.home_bind(env.home)),
            command=command_of(project),
            sandboxed=env.sandbox.mode == "bubblewrap",
            session_id=attempt.agent_session_id or None,
            resume=resume,
            model=project.agent_model,
            max_turns=project.attempt_max_turns,
            max_cost_usd=project.attempt_max_cost_usd,
            environment=agent_environment(),
            prior_input_tokens=prior[0],
            prior_output_tokens=prior[1],
        ),
        sandbox=env.sandbox,
        binds=binds,
        home=env.home,
        transcript=attempt.transcript_path,
        limits=Limits(
            total_seconds=project.attempt_max_minutes * 60,
            silence_seconds=project.attempt_silence_minutes * 60,
            output_bytes=OUTPUT_BYTES,
            line_bytes=LINE_BYTES,
            caps=caps(binds),
        ),
        stop=env.stop,
        on_start=partial(attempts.record_process, attempt, lease=env.lease),
        on_event=partial(_note_conversation, attempt),
        on_output=env.hear,
    )


def _note_conversation(attempt: Attempt, event: Event) -> None:
    if isinstance(event, Started):
        attempts.record_conversation(attempt, event.session_id)


def resumed(session: IssueSession, adapter: Adapter, home: Path) -> Attempt | None:
    """The attempt whose conversation the next one takes up again, if its agent can do that."""
    return attempts.interrupted(session) if adapter.can_resume and home.exists() else None


def kind_of(session: IssueSession, before: Attempt | None) -> str:
    if before is not None:
        return Attempt.Kind.RESUME
    return Attempt.Kind.RETRY if session.attempts else Attempt.Kind.FIRST


def _judge(session: IssueSession, attempt: Attempt, env: StepEnvironment) -> Outcome:
    """What it left is imported first, whatever its outcome was, but for disks: what is too large goes at once."""
    if attempt.outcome in (AgentOutcome.CANCELLED, AgentOutcome.HANDED_OVER):
        _salvage(session, attempt, env)
        raise Cancelled("session.stopped", attempt.message)
    if attempt.outcome == AgentOutcome.WRITES:
        for place in (env.clone, env.home):
            folders.remove(place)
        return AttemptFailed(attempt.outcome, attempt.message, evidence={"attempt": attempt.number})
    if attempt.outcome == AgentOutcome.NO_SPACE:  # to keep what it left would take room, too
        return judge(attempt, attempt.base_sha)
    collected = collect(session, attempt, env)
    return collected if isinstance(collected, AttemptFailed) else judge(attempt, collected)


def _salvage(session: IssueSession, attempt: Attempt, env: StepEnvironment) -> None:
    """After a stop, import what is there, if that is possible and quick."""
    if env.stop.reason == LOST:
        return
    stop = Stop()
    seconds = HAND_OVER_SECONDS if env.stop.reason == HANDED_OVER else SALVAGE_SECONDS
    in_time = threading.Timer(seconds, stop.request, ["time is up"])
    in_time.start()
    try:
        collect(session, attempt, replace(env, stop=stop, mirror=mirror_of(session.project, stop=stop)))
    except AutowrkersError as error:
        logger.warning("session=%s outcome=not_salvaged %s", session.pk, error)
    finally:
        in_time.cancel()
