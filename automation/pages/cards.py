"""A session as a card of the board: how it stands, what it took so far, and what may be asked of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from automation.attention import SILENT, silent_since
from automation.pages.session_head import buttons
from automation.reasons import reason_of
from issues.models import Attempt, IssueSession
from issues.sanitize import clean_line
from issues.states import ENDED, Status
from projects.amounts import usd
from projects.models import Project
from projects.redaction import redact

SHOWN_LABELS = 8
LINE = 180
SKIPPED = {
    "skip_label": "A label of the issue says to leave it alone.",
    "filtered": "The issue does not match the project's filter.",
    "issue_closed": "The issue was closed on GitHub.",
    "skipped_by_person": "A person skipped it.",
}
HEAVY = ("github_issue_body", "complexity_reasons", "manual_review_reason")


@dataclass(frozen=True)
class Card:
    session: IssueSession
    title: str
    labels: Sequence[tuple[str, str]]  # as it is shown, as GitHub spells it
    more_labels: int
    attempt: int | None
    worked: timedelta | None
    cost: str
    line: str
    verbs: Sequence[str]
    activity: datetime


@dataclass
class Work:
    """What a session's agents took: the last one's number, time in its present round, money in all."""

    last: int | None = None
    worked: timedelta | None = None
    cost: Decimal | None = None
    unpriced: int = 0

    @property
    def said_cost(self) -> str:
        is_partly_known = self.cost is not None and self.unpriced
        return f"at least {usd(self.cost)}" if is_partly_known else usd(self.cost)


def cards(project: Project, pks: Sequence[int], *, may_operate: bool, now: datetime) -> list[Card]:
    """In the order of `pks`, with two queries."""
    rows = project.sessions.filter(pk__in=pks).defer(*HEAVY)
    sessions = {session.pk: session for session in rows}
    work = _work(sessions.values(), now)
    return [_card(sessions[pk], work[pk], may_operate, now) for pk in pks if pk in sessions]


def _work(sessions: Iterable[IssueSession], now: datetime) -> dict[int, Work]:
    rounds = {session.pk: session.round for session in sessions}
    found = {pk: Work() for pk in rounds}
    rows = Attempt.objects.filter(issue_session__in=rounds).order_by()
    for pk, number, of_round, begun, ended, cost in rows.values_list(
        "issue_session", "number", "round", "started_at", "ended_at", "cost_usd"
    ):
        work = found[pk]
        work.last = max(work.last or 0, number)
        if of_round == rounds[pk]:
            work.worked = (work.worked or timedelta()) + max(timedelta(), (ended or now) - begun)
        if cost is not None:
            work.cost = (work.cost or Decimal(0)) + cost
        elif ended is not None:
            work.unpriced += 1
    return found


def _card(session: IssueSession, work: Work, may_operate: bool, now: datetime) -> Card:
    labels = [(clean_line(str(label)), str(label)) for label in session.github_issue_labels]
    return Card(
        session=session,
        title=clean_line(session.github_issue_title) or "(no title)",
        labels=labels[:SHOWN_LABELS],
        more_labels=max(0, len(labels) - SHOWN_LABELS),
        attempt=work.last,
        worked=work.worked,
        cost=work.said_cost,
        line=_line(session, now),
        verbs=buttons(session, may_operate=may_operate, now=now),
        activity=session.changed_at,
    )


def _line(session: IssueSession, now: datetime) -> str:
    """One line of why it stands where it stands; empty while all goes well."""
    if session.requested_verb and session.status not in ENDED:
        return f"A person asked to {session.requested_verb} it; the worker ends its work within seconds."
    if session.status == Status.SKIPPED:
        return SKIPPED.get(session.reason, "")
    if silent_since(session, now):
        return SILENT.text
    is_parked = session.is_parked(now)
    if session.last_error and (is_parked or session.status in _TROUBLED):
        return clean_line(redact(session.last_error).strip().split("\n\n")[0], limit=LINE)
    return reason_of(session).text if is_parked or session.status in _STOPPED else ""


_STOPPED = frozenset({Status.FAILED, Status.NEEDS_REVIEW})
_TROUBLED = _STOPPED | {Status.PR_CREATED}
