"""Why a session does not move, in plain sentences: the page of a session and the dry run both say it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from automation import authors, budgets
from automation.control import status_of
from issues.models import IssueSession
from issues.states import RUNNABLE, Status, Step
from issues.transitions import SYSTEM
from projects.models import Project

UNTENDED = timedelta(minutes=5)
WORKERS = "An administrator sees on the Doctor page whether workers run."


def why_waiting(session: IssueSession, now: datetime) -> str:
    """Why nobody works on the session now and what makes it move; empty while a worker is at it, or after its end."""
    if session.status == Status.PR_CREATED:
        return f"It waits for pull request #{session.pr_number} to be merged or closed on GitHub."
    if session.status == Status.NEEDS_REVIEW:
        return "It waits for a person: start it, or skip it."
    if session.status not in RUNNABLE or IssueSession.objects.running().filter(pk=session.pk).exists():
        return ""
    if session.queued_at is None:
        return _not_queued(session)
    return _queued(session, now)


def _not_queued(session: IssueSession) -> str:
    project = session.project
    if not project.automation_enabled:
        return "Nobody has started it, and the project's automation is stopped. Start the session, or the automation."
    if not project.auto_start:
        return "Nobody has started it, and the project starts no issue by itself (auto start is off). Start it by hand."
    if not authors.may_start(session, project):
        return "Its author may not write to the repository, so it will wait for a person. Start it to approve it."
    return "The project's automation puts it into the queue within a minute."


def _queued(session: IssueSession, now: datetime) -> str:
    project = session.project
    if session.not_before is not None and session.is_parked(now):
        until = _clock(session.not_before, now)
        return f"It is parked until {until}, then it goes on by itself. Start it to go on at once."
    if session.must_wait(now):
        return (
            "It was queued by the project's automation, which is stopped. "
            "Start the automation, or start this session by hand."
        )
    if session.is_handed_over(now):
        return "A worker has been asked to take it and begins in a moment."
    spent = budgets.blocked_reason(project, now)
    if spent is not None and session.step != Step.PUBLISH:
        return spent
    status = status_of(project, now)
    if status.blocked_reason is not None and status.blocked_reason != spent:
        return f"The project has trouble: {_sentence(status.blocked_reason)} It goes on when that is mended."
    if status.last_tick is None or now - status.last_tick > UNTENDED:
        return f"Nothing has looked after the project for a while. {WORKERS}"
    if status.slots_free == 0:
        return _no_place(project, status.running_sessions)
    return _in_line(session, now)


def _no_place(project: Project, running: int) -> str:
    if running >= project.max_concurrent:
        work = "1 session is" if running == 1 else f"{running} sessions are"
        limit = project.max_concurrent
        return f"{work} running, and the project allows {limit} at a time. It starts when one has ended."
    return "All places for agents on this host are taken. It starts when one is free."


def _in_line(session: IssueSession, now: datetime) -> str:
    """Its place in the order in which sessions are handed out."""
    due = session.project.sessions.due(now)
    if not session.project.automation_enabled:
        due = due.exclude(queued_by=SYSTEM)
    order = list(due.values_list("pk", flat=True)[:1000])
    before = order.index(session.pk) if session.pk in order else 0
    if not before and session.status != Status.PENDING:
        return "It waits for its next try, which begins within a minute."
    if not before:
        return "It is the next to start, within a minute."
    return f"{before} {'session is' if before == 1 else 'sessions are'} before it in the queue."


def _clock(moment: datetime, now: datetime) -> str:
    local = timezone.localtime(moment)
    same_day = local.date() == timezone.localtime(now).date()
    return f"{local:%H:%M %Z}" if same_day else f"{local:%Y-%m-%d %H:%M %Z}"


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
