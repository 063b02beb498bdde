"""The automation of projects as people see and switch it: start, stop, and how it stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils import timezone

from automation import budgets
from automation.dispatch import free_places
from automation.tend import SYNC_INTERVAL
from issues import verbs
from issues.models import IssueSession
from issues.models.session import SYSTEM, IssueSessionQuerySet
from issues.states import RUNNABLE, Status
from issues.transitions import AS_READ, Conflict
from projects import clocks, editing, leases, signals
from projects.models import Credential, Project
from projects.models.audit import record

STOP_TRIES = 3
CHANGED_AT_ONCE = 500


@dataclass(frozen=True)
class AutomationStatus:
    """`next_sync` is empty while nothing syncs by itself; `blocked_reason` while nothing is in the way."""

    running: bool
    auto_sync: bool
    auto_start: bool
    running_sessions: int
    pending: int
    slots_free: int
    last_tick: datetime | None
    next_sync: datetime | None
    blocked_reason: str | None


@dataclass(frozen=True)
class StartedAll:
    """`refused` counts the sessions by the sentence that says why."""

    queued: int
    refused: dict[str, int]


@dataclass(frozen=True)
class Stopped:
    """How many sessions were asked to stop, and how many issues left the queue."""

    asked: int
    dequeued: int


def start(project: Project, *, actor: str) -> None:
    editing.switch_automation(project, on=True, actor=actor)


def stop(project: Project, *, actor: str, stop_running: bool = False) -> Stopped:
    """Start nothing new by itself. Running sessions finish, unless `stop_running`; then nothing waits either."""
    editing.switch_automation(project, on=False, actor=actor)
    if not stop_running:
        return Stopped(0, 0)
    # What is taken out of the queue first cannot become a running session meanwhile.
    dequeued = sum(verbs.dequeue(part, actor=actor) for part in _parts(lined_up([project])))
    asked = begun([project]).defer("github_issue_body")
    stopped = Stopped(sum(stop_session(session, actor=actor) for session in asked), dequeued)
    if stopped != Stopped(0, 0):
        record(
            actor=actor,
            verb="project.stopped_all",
            subject=project,
            project=project,
            asked=stopped.asked,
            dequeued=dequeued,
        )
    return stopped


def begun(projects: Iterable[Project]) -> IssueSessionQuerySet:
    """What `stop_running` stops: sessions that a worker holds, and those that wait in the middle of their work."""
    at_work = leases.live() | ~Q(status=Status.PENDING)
    return IssueSession.objects.filter(at_work, project__in=projects, status__in=RUNNABLE)


def lined_up(projects: Iterable[Project]) -> IssueSessionQuerySet:
    """What `stop_running` takes out of the queue: pending issues that nobody works on."""
    return IssueSession.objects.filter(
        leases.free(), project__in=projects, status=Status.PENDING, queued_at__isnull=False
    )


def startable(project: Project) -> IssueSessionQuerySet:
    """What `start_all` queues: pending issues that nobody has queued, or only automation that is stopped now."""
    waiting = Q(queued_at=None) if project.automation_enabled else Q(queued_at=None) | Q(queued_by=SYSTEM)
    return project.sessions.filter(waiting, leases.free(), status=Status.PENDING)


def start_all(project: Project, *, actor: str) -> StartedAll:
    """Queue every pending issue once, oldest first. Asking again queues nothing twice."""
    queued, refused = 0, Counter[str]()
    for part in _parts(startable(project)):
        done = verbs.enqueue_pending(part, actor=actor)
        queued += done
        refused["Somebody else changed it in the same moment."] += len(part) - done
    record(
        actor=actor,
        verb="project.started_all",
        subject=project,
        project=project,
        queued=queued,
        refused=refused.total(),
    )
    signals.work_requested.send(Project, project_pk=project.pk)
    return StartedAll(queued, dict(+refused))


def status_of(project: Project, now: datetime | None = None) -> AutomationStatus:
    now = now or timezone.now()
    return AutomationStatus(
        running=project.automation_enabled,
        auto_sync=project.auto_sync,
        auto_start=project.auto_start,
        running_sessions=project.sessions.running().count(),
        pending=project.sessions.filter(status=Status.PENDING).count(),
        slots_free=free_places(project),
        last_tick=project.last_tended_at,
        next_sync=_next_sync(project, now),
        blocked_reason=_blocked_reason(project, now),
    )


def stop_session(session: IssueSession, *, actor: str) -> bool:
    """Stop a session that may be moving meanwhile; False for one that has ended by itself and needs no stop."""
    for _ in range(STOP_TRIES):
        if session.status not in RUNNABLE:
            return False
        try:
            verbs.stop(session, actor=actor)
            return True
        except Conflict:
            session.refresh_from_db()
    return False


def _parts(rows: IssueSessionQuerySet) -> list[list[IssueSession]]:
    """The sessions in the order of their issues, as many together as one transaction changes."""
    found = list(rows.only(*AS_READ, "project", "step").order_by("github_issue_number", "pk"))
    return [found[begin : begin + CHANGED_AT_ONCE] for begin in range(0, len(found), CHANGED_AT_ONCE)]


def _next_sync(project: Project, now: datetime) -> datetime | None:
    asked, tended = project.sync_requested_at, project.last_tended_at
    if asked is not None and (tended is None or asked > tended):
        return now  # trouble of before does not keep it back
    if asked is not None:
        return max(project.retry_at or now, now)
    if not (project.automation_enabled and project.auto_sync):
        return None
    last = project.last_synced_at
    due = now if last is None or clocks.is_due(last, SYNC_INTERVAL, now) else last + SYNC_INTERVAL
    return max(due, project.retry_at or due, now)


def _blocked_reason(project: Project, now: datetime) -> str | None:
    """The project's own trouble first, then its credential's, then its budget's."""
    if project.error_code:
        return project.error_message
    credential: Credential | None = project.credential
    if credential is not None and credential.error_code:
        return credential.error_message
    if credential is not None and credential.rate_retry_at is not None and credential.rate_retry_at > now:
        return f"GitHub's rate limit is used up until {credential.rate_retry_at:%H:%M} UTC."
    return budgets.blocked_reason(project, now)
