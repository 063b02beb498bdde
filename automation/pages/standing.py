"""Where a session stands, as people see it: one word, an icon and a tone, derived from row and clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from automation.attention import is_held, silent_since
from issues.models import IssueSession
from issues.states import MAX_ATTEMPTS, Status


@dataclass(frozen=True)
class Standing:
    word: str
    icon: str
    tone: str
    until: datetime | None = None  # the moment that the word names


OF_STATUS: dict[str, Standing] = {
    Status.PENDING: Standing("Pending", "○", "neutral"),
    Status.IN_PROGRESS: Standing("In progress", "●", "active"),
    Status.VERIFYING: Standing("Verifying", "◐", "active"),
    Status.PR_CREATED: Standing("PR created", "⇄", "success"),
    Status.COMPLETED: Standing("Completed", "✓", "merged"),
    Status.FAILED: Standing("Failed", "✕", "danger"),
    Status.SKIPPED: Standing("Skipped", "–", "neutral"),
    Status.NEEDS_REVIEW: Standing("Needs review", "!", "warn"),
}


def standing_of(session: IssueSession, now: datetime) -> Standing:
    """Their status in the database is the same while they are parked, queued, silent or between two tries."""
    if session.not_before is not None and session.is_parked(now) and session.queued_at is not None:
        until = timezone.localtime(session.not_before)
        return Standing(f"Waiting until {until:%H:%M %Z}", "◷", "warn", until)
    if silent := silent_since(session, now):
        since = timezone.localtime(silent)
        return Standing(f"Silent since {since:%H:%M %Z}", "◌", "warn", since)
    if session.status == Status.PENDING and session.queued_at is not None:
        return Standing("Queued", "◔", "active")
    if session.status == Status.IN_PROGRESS and session.queued_at is not None and not is_held(session, now):
        return Standing("Waiting for its next try", "◷", "active")
    if session.status == Status.FAILED and session.attempts >= MAX_ATTEMPTS:
        return Standing(f"Failed ({session.attempts} attempts)", "✕", "danger")
    return OF_STATUS[session.status]
