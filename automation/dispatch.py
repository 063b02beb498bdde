"""Which sessions start now: queued, due, within the project's `max_concurrent` and the hosts' free slots."""

from __future__ import annotations

from datetime import datetime
from itertools import islice

from django.db import transaction

from automation import authors, budgets, hosts, queue
from issues.models import IssueSession
from issues.models.session import IssueSessionQuerySet
from issues.states import Status, Step
from issues.transitions import SYSTEM
from projects import leases
from projects.models import Project


def queue_eligible(project: Project) -> int:
    """With automation and auto_start on, pending issues of trusted authors queue themselves; others wait."""
    authors.let_go(project)
    return authors.sort_out(project, eligible(project))


def dispatch(project: Project, now: datetime) -> list[int]:
    """Hand due sessions to the long-task cluster and answer their ids. The caller holds the project's lease.

    What nobody has come for is sent once more at each tick.
    """
    for session_pk in project.sessions.awaited().values_list("pk", flat=True):
        queue.enqueue_advance(session_pk)
    started = []
    for session in next_to_start(project, now):
        with transaction.atomic():
            still_due = project.sessions.due(now).filter(pk=session.pk).order_by()
            if still_due.update(enqueued_at=leases.db_now()):
                queue.enqueue_advance(session.pk)
                started.append(session.pk)
    return started


def eligible(project: Project) -> IssueSessionQuerySet:
    """What queues itself at the next tick."""
    pending = project.sessions.filter(status=Status.PENDING, queued_at=None)
    return pending if project.automation_enabled and project.auto_start else pending.none()


def next_to_start(project: Project, now: datetime) -> list[IssueSession]:
    """The due sessions that fit into the free places, in the order of their start."""
    due = list(startable(project, now)[: project.max_concurrent])
    return due[: free_places(project)] if due else []


def would_start(project: Project, now: datetime) -> list[IssueSession]:
    """What a tick would start now: the due sessions, then those that would queue themselves just before.

    Of an author's right to write GitHub is not asked for this.
    """
    places = free_places(project)
    found = list(startable(project, now)[:places])
    if not budgets.is_used_up(project, now):
        free = eligible(project).filter(leases.free()).unparked(now)
        mine = (session for session in free if authors.may_start(session, project))
        found += islice(mine, places - len(found))
    return found


def free_places(project: Project) -> int:
    """How many more sessions may run: the project's share, within what all live hosts together have slots for.

    Whichever host takes a message, none takes more than it has workers.
    """
    running, waiting = project.sessions.running().count(), project.sessions.enqueued().count()
    slots = hosts.free_slots(handed_over=IssueSession.objects.enqueued().count())
    return max(0, min(project.max_concurrent - running - waiting, slots))


def startable(project: Project, now: datetime) -> IssueSessionQuerySet:
    """Automation stopped suspends what queued itself; what a person started always runs.

    Without budget only finished work goes out: to publish it costs nothing.
    """
    due = project.sessions.due(now)
    if budgets.is_used_up(project, now):
        due = due.filter(step=Step.PUBLISH)
    return due if project.automation_enabled else due.exclude(queued_by=SYSTEM)
