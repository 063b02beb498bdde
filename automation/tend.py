"""Looking after one project, under its lease: sync, follow, late comments, reconcile, queue, dispatch.

Each part is tried on its own, so that trouble in one does not keep the others from running.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from types import TracebackType

from django.db import InterfaceError, OperationalError
from django.utils import timezone

from automation import announce, authors, dispatch, follow, queue, weighing
from automation.effects import check_lease
from automation.holding import Heartbeat
from automation.reconcile import remote
from automation.reconcile.applying import reconcile
from automation.reconcile.decisions import RemoteFacts
from automation.webhooks import inbox, missed
from issues import transitions
from issues.models import IssueSession
from issues.sync import sync_project
from issues.transitions import Conflict
from projects import clocks, leases
from projects.connection import connected
from projects.errors import AutowrkersError, Cancelled, OperatorError, RateLimited, Retryable
from projects.github.client import GitHubClient
from projects.github.errors import GitHubRateLimited, GitHubUnavailable
from projects.github.payloads import Repository
from projects.github.ratelimit import Priority
from projects.health import clear_error, report_error
from projects.leases import Lease
from projects.models import Project

logger = logging.getLogger(__name__)
SYNC_INTERVAL = timedelta(seconds=60)
BUDGET_SECONDS = 30.0
OPERATOR_WAIT = timedelta(minutes=5)
RETRY_WAIT = timedelta(seconds=30)
OUTAGE = ("github.unavailable", "git.network")
NO_DATABASE = (OperationalError, InterfaceError)


def tend(project_pk: int, fence: int | None = None) -> bool:
    """One round of looking after a project. False: somebody else is at it, or was since `fence`, or it is gone."""
    lease = leases.claim(Project, project_pk, fence, tend_enqueued_at=None)
    if lease is None:
        return False
    with Heartbeat(lease) as heartbeat:
        project = Project.objects.active().select_related("credential").filter(pk=project_pk).first()
        if project is None:
            return False
        try:
            with _Watch(project, heartbeat) as watch:
                _tend(project, heartbeat, watch)
        except Cancelled as late:
            logger.info("project=%s outcome=gave_way %s", project.pk, late)
            return False
    return True


class _Watch:
    """A bug is told with the project and what waits for it, rests the project for a while, and goes on its way up."""

    def __init__(self, project: Project, heartbeat: Heartbeat) -> None:
        self.project, self.heartbeat, self.wakes = project, heartbeat, inbox.Wakes()

    def __enter__(self) -> _Watch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        is_bug = isinstance(error, Exception) and not isinstance(error, (AutowrkersError, *NO_DATABASE))
        if not is_bug or self.heartbeat.is_lost:
            return
        project, now = self.project, timezone.now()
        logger.error("project=%s outcome=internal_error", project.pk, exc_info=error)
        told = OperatorError(
            "internal_error",
            f"Something went wrong inside the product ({type(error).__name__}).",
            f"An administrator finds the trace in the log, at project={project.pk}. It is tried again by itself.",
        )
        inbox.settle(self.wakes, project, told, is_bug=True)
        report_error(project, told, retry_at=_next_look(told, now))
        self.heartbeat.parting["last_tended_at"] = now


def _tend(project: Project, heartbeat: Heartbeat, watch: _Watch) -> None:
    now, began = timezone.now(), time.monotonic()

    def may_go_on() -> bool:
        return not heartbeat.is_lost and time.monotonic() - began < BUDGET_SECONDS

    wakes = watch.wakes = inbox.take(project, now)
    seen: list[RemoteFacts] = []
    error = _try(lambda: _remote(project, heartbeat.lease, now, may_go_on, wakes, seen.append))
    if heartbeat.is_lost:
        return
    inbox.settle(wakes, project, error)
    watch.wakes = inbox.Wakes()
    error = reconcile(project, now, may_go_on, next(iter(seen), None)) or error
    if error is None:
        if project.error_code in OUTAGE:
            _wake_all(project, now)
        clear_error(project)
    else:
        report_error(project, error, retry_at=_next_look(error, now))
    dispatch.queue_eligible(project)
    if not isinstance(error, OperatorError):
        dispatch.dispatch(project, timezone.now())
    _try(lambda: weighing.weigh(project, now))
    heartbeat.parting["last_tended_at"] = now


def _remote(
    project: Project,
    lease: Lease,
    now: datetime,
    may_go_on: Callable[[], bool],
    wakes: inbox.Wakes,
    note: Callable[[RemoteFacts], object],
) -> None:
    """What needs GitHub. An error ends it, the same token would fail again; a reserve ends its own part only."""
    asked = project.sync_requested_at is not None
    repository: Repository | None = None

    def sync() -> None:
        nonlocal repository
        if is_sync_due(project, now) or (wakes.issues and inbox.syncs(project)):
            report = sync_project(project, client, may_go_on=may_go_on)
            repository = report.repository
            if not report.finished:
                queue.enqueue_tend(project.pk)

    def ask_for_authors() -> None:
        authors.ask(project, dispatch.eligible(project), client, may_go_on)

    def look_around() -> None:
        facts = remote.look(project, client, now, may_go_on, repository)
        if facts is not None:
            note(facts)

    def follow_pull_requests() -> None:
        nonlocal repository
        due = follow.due(project, now, at_once=asked, woken=wakes.session_pks)
        wakes.left.update(session.pk for session in due)
        if due and repository is None:  # the name may be another repository's by now
            repository = remote.see(project, client)
        for session in _follow_all(due, client, lease, now, may_go_on):
            wakes.left.discard(session.pk)

    def catch_up() -> None:
        follow.close_issues(project, client, may_go_on, lease=lease)
        announce.postponed(project, client, may_go_on)

    def ask_for_missed_deliveries() -> None:
        missed.ask_again(project, client, now, may_go_on)

    parts = (
        (Priority.PEOPLE if asked else Priority.SYNC, sync),
        (Priority.PEOPLE if asked else Priority.FOLLOW, follow_pull_requests),
        (Priority.SYNC, ask_for_authors),
        (Priority.PUBLISH, catch_up),
        (Priority.SYNC, look_around),
        (Priority.SYNC, ask_for_missed_deliveries),
    )
    held_up: list[GitHubRateLimited] = []
    with connected(project) as client, client.guarded(partial(check_lease, lease)):
        for priority, part in parts:
            try:
                with client.as_(priority):
                    part()
            except GitHubRateLimited as error:
                if not error.is_reserve:
                    raise
                held_up.append(error)
    if held_up:
        raise held_up[0]


def is_sync_due(project: Project, now: datetime) -> bool:
    if project.sync_requested_at is not None:
        return True
    return inbox.syncs(project) and clocks.is_due(project.last_synced_at, SYNC_INTERVAL, now)


def _follow_all(
    sessions: list[IssueSession],
    client: GitHubClient,
    lease: Lease,
    now: datetime,
    may_go_on: Callable[[], bool],
) -> Iterator[IssueSession]:
    """Each on its own, and answers it: one that fails does not keep the others waiting, a second one ends it."""
    trouble: list[GitHubUnavailable] = []
    for session in sessions:
        if len(trouble) > 1 or not may_go_on():
            break
        try:
            _follow(session, client, lease, now)
        except GitHubUnavailable as error:
            trouble.append(error)
            IssueSession.objects.filter(pk=session.pk).update(followed_at=now)
        yield session
    if trouble:
        raise trouble[0]


def _follow(session: IssueSession, client: GitHubClient, lease: Lease, now: datetime) -> None:
    try:
        try:
            follow.follow(session, client, now, lease=lease)
        except follow.UNREADABLE as error:
            follow.note_unreadable(session, error, now)
    except Conflict as conflict:
        logger.info("session=%s outcome=gave_way %s", session.pk, conflict)


def _try(act: Callable[[], object]) -> AutowrkersError | None:
    try:
        act()
    except (Retryable, OperatorError) as error:
        logger.warning("outcome=%s %s", error.code, error)
        return error
    return None


def _wake_all(project: Project, now: datetime) -> None:
    """GitHub answers again: nobody need wait for the end of a pause that grew while it was away."""
    for session in project.sessions.filter(leases.free(), reason__in=OUTAGE, not_before__gt=now):
        try:
            transitions.stay(
                session, "woken", reason="mended", not_before=None, parked_times=0, enqueued_at=None
            )
        except Conflict:
            continue


def _next_look(error: AutowrkersError, now: datetime) -> datetime:
    if isinstance(error, GitHubRateLimited) and error.is_reserve:
        return now + SYNC_INTERVAL  # other parts may still ask
    if isinstance(error, RateLimited) and error.retry_at:
        return error.retry_at
    return now + (RETRY_WAIT if isinstance(error, Retryable) else OPERATOR_WAIT)
