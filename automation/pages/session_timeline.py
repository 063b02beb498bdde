"""The journal of a session, newest first: every change and every outside effect, with its evidence."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from automation.models import Effect
from automation.pages.query import Query
from automation.pages.session_paging import before
from automation.pages.standing import OF_STATUS, Standing
from automation.reasons import in_words
from automation.rendering.plain import plain
from issues.models import IssueSession, SessionEvent
from issues.states import Status, Step

PAGE = 100
EFFECTS = 500
MESSAGE_BYTES = 4_000
EVIDENCE_BYTES = 8_000
WORDS = {
    "moved": "Moved on",
    "stepped": "Step done",
    "parked": "Parked",
    "handed_over": "Handed over",
    "queued": "Put into the queue",
    "dequeued": "Taken out of the queue",
    "requested": "Asked",
    "refused": "Refused",
    "synced": "Taken in from GitHub",
    "followed": "Looked up on GitHub",
    "noted": "Noted",
}


@dataclass(frozen=True)
class Entry:
    """One line of the journal. `old` and `new` are set when the status changed."""

    at: datetime
    actor: str
    what: str
    old: Standing | None = None
    new: Standing | None = None
    step: str = ""
    reason: str = ""
    message: str = ""
    evidence: str = ""
    is_effect: bool = False


def context(request: HttpRequest, session: IssueSession) -> dict[str, Any]:
    Query(request, "tab", "before")
    cursor = before(request)
    rows = session.events.order_by("-id")
    if cursor is not None:
        rows = rows.filter(pk__lt=cursor)
    found = list(rows[: PAGE + 1])
    shown = found[:PAGE]
    # The effects between this page's oldest event and the one that ended the page before it.
    since = shown[-1].created_at if len(found) > PAGE else None
    until = session.events.filter(pk=cursor).values_list("created_at", flat=True).first() if cursor else None
    effects = [
        entry
        for entry in map(_effect, session.effects.order_by("-id")[:EFFECTS])
        if (since is None or entry.at >= since) and (until is None or entry.at < until)
    ]
    entries = sorted([*map(_event, shown), *effects], key=lambda entry: entry.at, reverse=True)
    return {
        "entries": entries,
        "older": shown[-1].pk if len(found) > PAGE else None,
        "is_first_page": cursor is None,
    }


def _event(row: SessionEvent) -> Entry:
    changed = row.old_status != row.new_status
    return Entry(
        at=row.created_at,
        actor=row.actor,
        what=WORDS.get(row.verb, row.verb.capitalize()),
        old=OF_STATUS.get(row.old_status) if changed else None,
        new=OF_STATUS.get(row.new_status) if changed else None,
        step=Step(row.step).label if row.step in Step.values else "",
        reason=f"{in_words(row.reason)}; it tries again" if _is_failed_try(row) else in_words(row.reason),
        message=plain(row.message, limit=MESSAGE_BYTES),
        evidence=_evidence(row.evidence),
    )


def _is_failed_try(row: SessionEvent) -> bool:
    """Whether this used up one of the session's tries and left another."""
    return bool(row.reason and "attempts" in row.evidence and row.new_status == Status.IN_PROGRESS)


def _effect(row: Effect) -> Entry:
    return Entry(
        at=row.done_at or row.created_at,
        actor="autowrkers",
        what=f"{row.get_kind_display()}: {_standing(row)}",
        reason=f"round {row.round}",
        evidence=_evidence(
            {name: facts for name, facts in (("intent", row.intent), ("outcome", row.outcome)) if facts}
        ),
        is_effect=True,
    )


def _standing(row: Effect) -> str:
    if row.outcome is not None:
        return "done"
    if row.not_before is not None and row.not_before > timezone.now():
        again = timezone.localtime(row.not_before)
        return f"not known to have happened, looked for and tried again at {again:%Y-%m-%d %H:%M %Z}"
    return "planned, not known to have happened"


def _evidence(facts: Any) -> str:
    if not facts:
        return ""
    return plain(json.dumps(facts, indent=2, ensure_ascii=False, default=str), limit=EVIDENCE_BYTES)
