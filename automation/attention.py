"""What waits for a person, oldest first: sessions by their rows, and trouble of projects once each.

A session belongs to the first kind that fits. Counting for the navigation takes five queries at most and stops at 100.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import reduce
from operator import or_

from django.db.models import Case, F, OuterRef, Q, QuerySet, Subquery, When
from django.db.models import Value as Constant
from django.db.models.functions import Coalesce
from django.utils import timezone

from automation.budgets import USED_UP
from automation.follow import PR_CLOSED
from automation.reasons import Reason, reason_of
from automation.troubles import Trouble, troubles
from issues.models import IssueSession, SessionEvent
from issues.models.session import SYSTEM
from issues.states import RUNNABLE, Status
from projects import clocks, leases
from projects.models import Project

STALE_AFTER = SILENT_AFTER = timedelta(minutes=15)
PARKED_TIMES = 3
COUNTED_AT_MOST = 100
APPROVED = Reason("Its pull request is approved.", "Merge it on GitHub.")
UNREVIEWED = Reason("Its pull request waits to be reviewed.", "Review it on GitHub, then merge or close it.")
BEGUN = (Status.IN_PROGRESS, Status.VERIFYING)


class Kind(StrEnum):
    FAILED = "failed"
    REVIEW = "review"
    STALE = "stale"
    SILENT = "silent"
    PULL_REQUEST = "pull_request"
    READY = "ready"
    PARKED = "parked"
    PROJECT = "project"
    BUDGET = "budget"


LABELS: dict[Kind, str] = {
    Kind.FAILED: "Failed",
    Kind.REVIEW: "Needs review",
    Kind.STALE: "Stale",
    Kind.SILENT: "Silent",
    Kind.PULL_REQUEST: "Pull request",
    Kind.READY: "Ready to review",
    Kind.PARKED: "Waiting for long",
    Kind.PROJECT: "Project trouble",
    Kind.BUDGET: "Budget",
}
OF_SESSIONS = (
    *(Kind.FAILED, Kind.REVIEW, Kind.STALE, Kind.SILENT),
    *(Kind.PULL_REQUEST, Kind.READY, Kind.PARKED),
)
SILENT = Reason(
    "A worker has it, but nothing that runs for it has said a word.",
    "Read its log. The project's limits end what hangs; stop it to go on before that.",
)


@dataclass(frozen=True)
class Waiting:
    """One thing that waits: a session, or the trouble of projects. `detail` comes from outside."""

    kind: Kind
    since: datetime
    reason: str
    remedy: str
    detail: str = ""
    session: IssueSession | None = None
    trouble: Trouble | None = None


def count_waiting(projects: QuerySet[Project]) -> int:
    """At most COUNTED_AT_MOST: the navigation shows it on every page."""
    is_of_any_kind = reduce(or_, _conditions(timezone.now()).values())
    rows = _possible(projects).filter(is_of_any_kind).order_by().values("pk")
    return min(rows[:COUNTED_AT_MOST].count() + len(troubles(projects)), COUNTED_AT_MOST)


def silent_since(session: IssueSession, now: datetime) -> datetime | None:
    """Since when nothing that runs for it has given a sign of life, if that is long; None when nothing runs."""
    is_long = session.heard_at is not None and session.heard_at <= now - SILENT_AFTER
    return session.heard_at if is_long and is_held(session, now) else None


def is_held(session: IssueSession, now: datetime) -> bool:
    """Whether a worker goes on with it."""
    return session.status in BEGUN and session.lease_until is not None and session.lease_until > now


def waiting(
    projects: QuerySet[Project], kinds: Iterable[Kind] = tuple(Kind), *, start: int = 0, limit: int = 25
) -> tuple[list[Waiting], int]:
    """The things from `start` on, oldest first, and how many there are in all."""
    kinds, now = set(kinds), timezone.now()
    rows = _sessions(projects, [kind for kind in OF_SESSIONS if kind in kinds], now)
    others = [_of_trouble(trouble) for trouble in troubles(projects) if _kind_of(trouble) in kinds]
    count = rows.count()
    # At most len(others) of what is older than the slice are no sessions, so it begins that much earlier.
    low = min(max(0, start - len(others)), count)
    found = [_of_session(row) for row in _with_since(rows)[low : start + limit]]
    merged = sorted([*others, *found], key=lambda item: item.since)
    return merged[start - low : start - low + limit], count + len(others)


def _sessions(projects: QuerySet[Project], kinds: Iterable[Kind], now: datetime) -> QuerySet[IssueSession]:
    chosen = [When(condition, then=Constant(str(kind))) for kind, condition in _conditions(now).items()]
    wanted = [str(kind) for kind in kinds]
    return _possible(projects).annotate(kind=Case(*chosen, default=Constant(""))).filter(kind__in=wanted)


def _possible(projects: QuerySet[Project]) -> QuerySet[IssueSession]:
    """All that the conditions below need to look at."""
    return IssueSession.objects.filter(
        Q(status__in=[Status.FAILED, Status.NEEDS_REVIEW, Status.PR_CREATED])
        | Q(status__in=RUNNABLE, queued_at__isnull=False),
        project__in=projects,
    )


def _conditions(now: datetime) -> dict[Kind, Q]:
    lapsed = Q(lease_until__lte=now - STALE_AFTER)
    unclaimed = Q(lease_until=None, enqueued_at__lte=now - STALE_AFTER)
    may_start = ~Q(queued_by=SYSTEM) | Q(project__automation_enabled=True)
    is_parked = Q(not_before__gt=now) & ~clocks.ahead("changed_at", now)
    left = Q(lease_until=None, enqueued_at=None, status__in=BEGUN, not_before__lte=now - STALE_AFTER)
    left &= ~Q(reason=USED_UP)
    troubled = Q(pr_review="changes_requested") | Q(pr_checks="failure") | ~Q(last_error="")
    return {
        Kind.FAILED: Q(status=Status.FAILED, issue_state="open") & ~Q(reason=PR_CLOSED),
        Kind.REVIEW: Q(status=Status.NEEDS_REVIEW),
        Kind.PULL_REQUEST: Q(status=Status.PR_CREATED)
        & (troubled | Q(manual_review=True) & ~Q(pr_review="approved")),
        Kind.READY: Q(status=Status.PR_CREATED),
        Kind.STALE: Q(status__in=RUNNABLE) & may_start & ~is_parked & (lapsed | unclaimed | left),
        Kind.SILENT: Q(status__in=BEGUN, heard_at__lte=now - SILENT_AFTER) & leases.live(),
        Kind.PARKED: Q(status__in=RUNNABLE, parked_times__gte=PARKED_TIMES) & leases.free(),
    }


def _with_since(rows: QuerySet[IssueSession]) -> QuerySet[IssueSession]:
    """`since`: when the row came where it is, by the journal; a stale one since nobody looks after it, a silent one
    since its last sign of life."""
    entered = SessionEvent.objects.filter(
        issue_session=OuterRef("pk"), verb__in=["moved", "synced", "followed"]
    ).order_by("-id")
    since = Case(
        When(kind=str(Kind.FAILED), then=F("completed_at")),
        When(kind=str(Kind.STALE), then=Coalesce("lease_until", "enqueued_at", "not_before")),
        When(kind=str(Kind.SILENT), then=F("heard_at")),
        default=Subquery(entered.values("created_at")[:1]),
    )
    ordered = rows.annotate(since=Coalesce(since, "created_at")).order_by("since", "pk")
    return ordered.select_related("project").defer("github_issue_body")


def _of_session(row: IssueSession) -> Waiting:
    kind, since = Kind(getattr(row, "kind", "")), getattr(row, "since", row.created_at)
    reason = _reason(kind, row)
    shown = row.manual_review_reason if kind == Kind.PULL_REQUEST and not row.last_error else row.last_error
    return Waiting(kind, since, reason.text, reason.remedy, shown, session=row)


def _reason(kind: Kind, row: IssueSession) -> Reason:
    if kind == Kind.STALE:
        return Reason(
            "No worker goes on with it.",
            "An administrator sees on the Doctor page whether workers run. "
            "Stop the session to take it out of the queue.",
        )
    if kind == Kind.SILENT:
        return SILENT
    if kind == Kind.READY:
        return APPROVED if row.pr_review == "approved" else UNREVIEWED
    if kind != Kind.PULL_REQUEST:
        return reason_of(row)
    if row.pr_review == "changes_requested":
        return Reason("A reviewer asks for changes.", "Read the review, then finish the branch or close it.")
    if row.pr_checks == "failure":
        return Reason(
            "Checks fail on GitHub.", "Look at the checks of the pull request, then mend or close it."
        )
    if row.last_error:
        return Reason("GitHub does not show its pull request.", "Open it on GitHub, or skip the session.")
    return Reason(
        "Nothing could check it automatically.", "Review the pull request by hand before merging it."
    )


def _of_trouble(trouble: Trouble) -> Waiting:
    return Waiting(
        _kind_of(trouble), trouble.since, trouble.reason, trouble.remedy, trouble.detail, trouble=trouble
    )


def _kind_of(trouble: Trouble) -> Kind:
    return Kind.BUDGET if trouble.spent is not None else Kind.PROJECT
