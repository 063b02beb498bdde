"""Doing what was decided, each by compare-and-swap: who finds the row otherwise than it was read does nothing."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from django.db import transaction

from automation import recovery
from automation.holding import Heartbeat
from automation.reconcile import decisions, snapshot
from automation.reconcile.decisions import Decision, RemoteFacts, SessionFacts
from issues import transitions, verbs
from issues.models import Attempt, IssueSession
from issues.states import ENDED, Status
from issues.transitions import Conflict
from projects import leases
from projects.errors import AutowrkersError, OperatorError, Retryable
from projects.models import Project
from projects.models.audit import record
from projects.workspace import folders
from projects.workspace.processes import ProcessIdentity, kill_tree

logger = logging.getLogger(__name__)


def reconcile(
    project: Project, now: datetime, may_go_on: Callable[[], bool], remote: RemoteFacts | None = None
) -> AutowrkersError | None:
    """Repair what can be repaired now; answers why nothing may start, if so. The caller holds the project's lease."""
    pause: AutowrkersError | None = None
    for decision in decisions.decide(snapshot.take(project, now, remote)):
        if isinstance(decision, decisions.Pause):
            pause = OperatorError(
                decisions.ARCHIVED,
                f"{project.github_repo} is archived on GitHub: nobody can push to it or comment there.",
                "Unarchive it on GitHub, and the project goes on by itself; or archive the project here.",
            )
        elif may_go_on():
            _apply_one(project, decision)
    return pause


def needs_repair(project: Project, now: datetime) -> bool:
    """Whether there is something to do that needs no GitHub."""
    decided = decisions.decide(snapshot.take(project, now))
    return any(not isinstance(decision, decisions.Pause) for decision in decided)


def _apply_one(project: Project, decision: Decision) -> None:
    """One that fails keeps no other from being tried, and is decided again at the next tick."""
    name = type(decision).__name__
    try:
        is_done = _apply(project, decision)
    except Conflict:
        is_done = False
    except (Retryable, OperatorError) as error:
        logger.warning("project=%s decision=%s outcome=%s %s", project.pk, name, error.code, error)
        return
    logger.info("project=%s decision=%s outcome=%s", project.pk, name, "done" if is_done else "dropped")


def _apply(project: Project, decision: Decision) -> bool:
    match decision:
        case decisions.FollowBranch(old, new):
            return _follow_branch(project, old, new)
        case decisions.NoteBranch(new):
            return _note_branch(project, new)
        case decisions.EndAgent(facts, agent):
            return _end_agent(facts, agent)
        case decisions.LoseAttempt(_, agent):
            return _lose(agent.attempt_pk)
        case decisions.CarryOut(facts):
            verbs.carry_out_request(_as_read(facts))
            return True
        case decisions.Skip(facts, reason, message):
            transitions.move(_as_read(facts), Status.SKIPPED, reason=reason, message=message, actor="github")
            return True
        case decisions.Wake(facts):
            session = _as_read(facts)
            transitions.stay(
                session, "woken", reason="mended", not_before=None, parked_times=0, enqueued_at=None
            )
            return True
        case decisions.Clear(facts):
            return _clear(project, facts)
        case decisions.Sweep(facts, stray):
            return _sweep(facts, stray)
    return False


def _as_read(facts: SessionFacts) -> IssueSession:
    """The row, if it is still as the decision was made from. Every later write looks again."""
    session = IssueSession.objects.filter(
        leases.free(), pk=facts.pk, status=facts.status, round=facts.round, fence=facts.fence
    ).first()
    if session is None:
        raise Conflict(f"Session {facts.pk} has moved on meanwhile.")
    return session


def _follow_branch(project: Project, old: str, new: str) -> bool:
    with transaction.atomic():
        same = Project.objects.filter(pk=project.pk, default_branch=old, repository_branch=old)
        if not same.update(default_branch=new, repository_branch=new):
            return False
        record(
            actor="github",
            verb="project.default_branch_followed",
            subject=project,
            project=project,
            old=old,
            new=new,
        )
    project.default_branch = project.repository_branch = new
    return True


def _note_branch(project: Project, new: str) -> bool:
    known = project.repository_branch
    project.repository_branch = new
    same = Project.objects.filter(pk=project.pk, repository_branch=known)
    return bool(same.update(repository_branch=new))


def _end_agent(facts: SessionFacts, agent: decisions.Agent) -> bool:
    """The process is known exactly, and whoever may have claimed the session since ends the same one first."""
    _as_read(facts)
    identity = ProcessIdentity(socket.gethostname(), agent.pid, agent.started)
    return kill_tree(identity) and (facts.status not in ENDED or _lose(agent.attempt_pk))


def _lose(attempt_pk: int) -> bool:
    return recovery.lose(Attempt.objects.filter(pk=attempt_pk, issue_session__status__in=ENDED))


def _clear(project: Project, facts: SessionFacts) -> bool:
    def remove() -> None:
        for folder in facts.folders:
            folders.remove(Path(folder.path))
        if facts.has_refs:
            snapshot.mirror_of(project).release(facts.pk)

    project.workspace_measured_at = None  # it weighs less now
    return _under_lease(facts, remove)


def _sweep(facts: SessionFacts, stray: tuple[decisions.Folder, ...]) -> bool:
    def remove() -> None:
        for folder in stray:
            folders.remove(Path(folder.path))

    return _under_lease(facts, remove)


def _under_lease(facts: SessionFacts, act: Callable[[], None]) -> bool:
    """Act while nobody can take the session up. False: somebody has had it since it was read."""
    lease = leases.claim(IssueSession, facts.pk)
    if lease is None:
        return False
    with Heartbeat(lease):
        if lease.fence != facts.fence + 1:
            return False
        act()
    return True
