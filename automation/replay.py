"""A session's story as its rows tell it, in order, and where it would go on if its worker died now. Changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from automation import attempts
from automation.agents.registry import get_adapter
from automation.explain import why_waiting
from automation.models import Effect
from automation.steps.work import resumed
from issues.models import Attempt, IssueSession, SessionEvent
from issues.sanitize import clean_line
from issues.states import RUNNABLE, Step
from projects.connection import mirror_of
from projects.errors import AutowrkersError
from projects.workspace import folders
from projects.workspace.processes import is_alive

CLOCK_BEAT = timedelta(seconds=15)
LINE_CHARS = 300
SHA_CHARS = 10


@dataclass(frozen=True)
class Line:
    """One thing that happened. `detail` may come from outside and is cleaned."""

    at: datetime
    what: str
    detail: str = ""


@dataclass(frozen=True)
class Resumption:
    """Where the next worker begins. `at_latest` is None when nobody would take the session up by itself."""

    step: str
    base_sha: str
    head_sha: str
    at_latest: datetime | None
    looked_up: list[str]
    resumes_attempt: int | None
    words: list[str]


def story(session: IssueSession) -> list[Line]:
    """Its events, agents and outside effects, oldest first."""
    rows = [map(_event, session.events.order_by("id")), map(_effect, session.effects.order_by("id"))]
    lines = [line for part in rows for line in part]
    for attempt in session.attempt_rows.order_by("number"):
        lines += _attempt(attempt)
    return sorted(lines, key=lambda line: line.at)


def resumption(session: IssueSession, now: datetime) -> Resumption:
    """What the next worker finds: on this host, for its disk is what can be looked at."""
    head_sha = attempts.last_head(session)
    open_effects = _open_effects(session)
    at_latest = _at_latest(session, now)
    again = _conversation(session)
    words = [*_holder(session, now), *_when(session, at_latest, now), *_where(session, head_sha, again)]
    words += [f"Looked up on GitHub before it is tried again: {effect}." for effect in open_effects]
    return Resumption(
        session.step,
        session.base_sha,
        head_sha,
        at_latest,
        open_effects,
        again.number if again else None,
        words,
    )


def _event(row: SessionEvent) -> Line:
    place = f"{row.old_status} -> {row.new_status}" if row.old_status != row.new_status else row.new_status
    what = f"{row.actor}: {row.verb} ({place}, step {row.step or '-'}) {row.reason}".rstrip()
    return Line(row.created_at, clean_line(what), _short(row.message, row.evidence))


def _effect(row: Effect) -> Line:
    known = "done" if row.outcome is not None else "begun, outcome not known"
    facts = row.outcome if row.outcome is not None else row.intent
    return Line(
        row.done_at or row.created_at,
        f"{row.get_kind_display()} of round {row.round}: {known}",
        _short("", facts),
    )


def _attempt(row: Attempt) -> Iterator[Line]:
    place = f" as process {row.pid} on {row.host}" if row.pid else ""
    on = f" on {row.base_sha[:SHA_CHARS]}" if row.base_sha else ""
    yield Line(row.started_at, f"Attempt {row.number} ({row.kind}) with {row.agent} begins{on}{place}")
    if row.outcome:
        cost = "counted" if row.counted else "not counted"
        left = f", left {row.head_sha[:SHA_CHARS]}" if row.head_sha else ""
        what = f"Attempt {row.number} ends: {row.outcome} ({cost}){left}"
        yield Line(row.ended_at or row.started_at, what, _short(row.message, {}))


def _open_effects(session: IssueSession) -> list[str]:
    found = session.effects.filter(round=session.round, outcome__isnull=True).order_by("id")
    return [f"{row.get_kind_display()}, begun {_clock(row.created_at)}{_again(row)}" for row in found]


def _again(row: Effect) -> str:
    return f", not before {_clock(row.not_before)}" if row.not_before else ""


def _conversation(session: IssueSession) -> Attempt | None:
    """The attempt whose agent would be told to go on, if the present one ended now."""
    adapter, home = get_adapter(session.project.agent), folders.home_path(session.pk)
    present = session.attempt_rows.filter(round=session.round).first()
    if present is not None and not present.outcome:
        can = adapter.can_resume and home.exists() and bool(present.agent_session_id)
        return present if can else None
    return resumed(session, adapter, home)


def _at_latest(session: IssueSession, now: datetime) -> datetime | None:
    if session.status not in RUNNABLE or session.queued_at is None:
        return None
    begins = [now, session.lease_until, session.not_before if session.is_parked(now) else None]
    return max(moment for moment in begins if moment is not None) + CLOCK_BEAT


def _holder(session: IssueSession, now: datetime) -> Iterator[str]:
    if session.lease_until is None:
        yield "Nobody holds it."
        return
    host, process, *_ = (session.lease_owner.split(":") + ["", ""])[:3]
    verb = "holds it until" if session.lease_until > now else "held it until"
    yield f"Process {process or '?'} on {host or 'an unknown host'} {verb} {_clock(session.lease_until)}."
    for attempt in session.attempt_rows.unfinished().started_here():
        lives = is_alive(attempt.process)
        state = "is alive; who takes over ends it first" if lives else "is gone"
        yield f"The agent of attempt {attempt.number} (process {attempt.pid}) {state}."


def _when(session: IssueSession, at_latest: datetime | None, now: datetime) -> Iterator[str]:
    if at_latest is None:
        yield why_waiting(session, now) or "It has ended, so nothing takes it up."
        return
    yield f"A worker that is free takes it up by {_clock(at_latest)}, if its holder does not go on."
    if reason := why_waiting(session, now):
        yield reason


def _where(session: IssueSession, head_sha: str, again: Attempt | None) -> Iterator[str]:
    if session.step == Step.FOLLOW:
        yield "Only its pull request is followed."
        return
    head = session.head_sha if session.step in (Step.VERIFY, Step.PUBLISH) else head_sha
    on = f" with {head[:SHA_CHARS]} on base {session.base_sha[:SHA_CHARS]}" if head else ""
    yield f"It goes on with the step {session.step}{on}."
    if head and not _is_kept(session, head):
        yield "That commit is not in this host's mirror."
    if session.step not in (Step.PREPARE, Step.WORK):
        return
    if uncollected := attempts.uncollected(session):
        yield f"First what attempt {uncollected.number} left in its clone is collected."
    elif again is not None:
        yield f"The agent's conversation of attempt {again.number} is resumed ({again.agent_session_id})."
    else:
        yield "A new conversation begins from that commit."
    clones = [path.name for path in folders.paths_of(session.pk) if path.parent.name == "clones"]
    yield f"Clones on this host: {', '.join(clones) or 'none'}."


def _is_kept(session: IssueSession, sha: str) -> bool:
    try:
        return session.project.mirror_path.exists() and mirror_of(session.project).has(sha)
    except AutowrkersError:
        return False


def _short(message: str, facts: Any) -> str:
    told = f"{message} {json.dumps(facts, default=str) if facts else ''}".strip()
    return clean_line(told, limit=LINE_CHARS)


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone(timezone.get_default_timezone()):%Y-%m-%d %H:%M:%S %Z}"
