"""The head of a session's page: what it is about, how it stands, what it has cost, and the buttons that work."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Q, Sum
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone

from automation.attention import SILENT, is_held, silent_since
from issues import verbs
from issues.models import IssueSession
from issues.sanitize import clean_line
from issues.states import ENDED, MAX_ATTEMPTS, Status
from projects.amounts import usd
from projects.models import Scope
from projects.redaction import redact

RENEWED = {
    "session-line": "automation/session_line.html",
    "session-figures": "automation/session_figures.html",
}
WORKING = (Status.IN_PROGRESS, Status.VERIFYING)


def head(request: HttpRequest, session: IssueSession) -> dict[str, Any]:
    now = timezone.now()
    return figures(session, now) | {
        "project": session.project,
        "issue_title": _title(session) or "(no title)",
        "silent": SILENT if silent_since(session, now) else None,
        "buttons": buttons(session, may_operate=session.project.allows(request.user, Scope.OPERATE), now=now),
        "here": request.get_full_path(),
    }


def renewed(session: IssueSession) -> dict[str, str]:
    """What of the head changes while a page is open, as HTML by the id of its place."""
    context = figures(session, timezone.now())
    return {name: render_to_string(template, context) for name, template in RENEWED.items()}


def figures(session: IssueSession, now: datetime) -> dict[str, Any]:
    totals = session.attempt_rows.aggregate(
        last=Max("number"),
        cost=Sum("cost_usd"),
        unpriced=Count("pk", filter=Q(cost_usd=None, ended_at__isnull=False)),
    )
    return {
        "session": session,
        "last_attempt": totals["last"],
        "failed_tries": f"{session.attempts} of {MAX_ATTEMPTS}",
        "elapsed": elapsed(session, now),
        "cost": _cost(totals["cost"], totals["unpriced"]),
        "last_activity": session.changed_at,
        "heard_at": session.heard_at if is_held(session, now) else None,
    }


def title_of(session: IssueSession) -> str:
    return f"#{session.github_issue_number} {_title(session)}"


def elapsed(session: IssueSession, now: datetime) -> timedelta | None:
    """From the first start to the end, or to now while it goes on."""
    if session.started_at is None:
        return None
    return (session.completed_at or now) - session.started_at


def buttons(session: IssueSession, *, may_operate: bool, now: datetime) -> list[str]:
    """The verbs that would change something now, the likeliest one first."""
    if not may_operate:
        return []
    return [verb for verb in verbs.allowed_verbs(session) if _changes_something(session, verb, now)]


def _changes_something(session: IssueSession, verb: str, now: datetime) -> bool:
    if session.requested_verb and session.status not in ENDED:
        return verb not in ("start", session.requested_verb)
    if verb == "start":
        is_queued = session.queued_at is not None and not session.must_wait(now)
        return not is_queued and (session.queued_at is not None or session.status not in WORKING)
    if verb == "retry":  # of a held session it is the same as start
        return session.status != Status.NEEDS_REVIEW
    return True


def _cost(known: Any, unpriced: int) -> str:
    """What is not known is never counted as nothing."""
    if known is None:
        return "unknown" if unpriced else usd(None)
    return f"at least {usd(known)}" if unpriced else usd(known)


def _title(session: IssueSession) -> str:
    return clean_line(redact(session.github_issue_title), limit=512)
