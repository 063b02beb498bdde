"""Reading what decisions are made from: one query where all is well, three elsewhere, and a look at the disk."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db.models import BooleanField, ExpressionWrapper, QuerySet

from automation.reconcile.decisions import (
    NO_BRANCH,
    Agent,
    Folder,
    Hold,
    RemoteFacts,
    SessionFacts,
    Snapshot,
)
from issues.models import Attempt, IssueSession
from issues.states import RUNNABLE
from projects import leases
from projects.models import Project
from projects.workspace import folders
from projects.workspace.git import Remote
from projects.workspace.kept import sessions_kept
from projects.workspace.mirror import Mirror
from projects.workspace.processes import is_alive

COLUMNS = (
    *("pk", "github_issue_number", "status", "round", "fence", "lease_until", "reason", "not_before"),
    *("queued_at", "pr_number", "requested_verb", "changed_at"),
)


def take(project: Project, now: datetime, remote: RemoteFacts | None = None) -> Snapshot:
    """Only sessions of which there is something to be said: on this disk, asked for, left by an agent, or lost."""
    places, kept = folders.found(), sessions_kept(project.mirror_path)
    wanted = list(_wanted(project, places.keys() | kept, remote))
    rows = _read(project, wanted) if wanted else []
    agents = _agents(row.pk for row in rows) if rows else {}
    return Snapshot(
        default_branch=project.default_branch,
        known_branch=project.repository_branch,
        is_archived=project.repository_archived,
        sessions=tuple(
            _facts(row, now, agents.get(row.pk, ()), places.get(row.pk, ()), has_refs=row.pk in kept)
            for row in rows
        ),
        remote=remote,
    )


def _read(project: Project, pks: list[int]) -> list[IssueSession]:
    held = ExpressionWrapper(leases.live(), output_field=BooleanField())
    return list(project.sessions.filter(pk__in=pks).annotate(is_held=held).only(*COLUMNS))


def _wanted(project: Project, pks: set[int], remote: RemoteFacts | None) -> QuerySet[Any, Any]:
    """Keys (also of other projects), each kind by an index of its own: with an OR every session would be read."""
    mine = IssueSession.objects.filter(project=project).order_by()
    kinds = [mine.asked_for().values_list("pk", flat=True)]
    if remote is not None:
        numbers = [issue.number for issue in remote.lost]
        kinds += (
            [mine.filter(github_issue_number__in=numbers).values_list("pk", flat=True)] if numbers else []
        )
        kinds += [mine.filter(status__in=RUNNABLE, reason=NO_BRANCH).values_list("pk", flat=True)]
    unfinished = (
        Attempt.objects.unfinished().started_here().order_by().values_list("issue_session_id", flat=True)
    )
    return mine.filter(pk__in=pks).values_list("pk", flat=True).union(unfinished, *kinds)


def mirror_of(project: Project) -> Mirror:
    """For what needs no remote, and so no credential."""
    return Mirror(project.mirror_path, Remote(project.clone_url))


def _agents(session_pks: Iterable[int]) -> dict[int, list[Agent]]:
    found: defaultdict[int, list[Agent]] = defaultdict(list)
    mine = Attempt.objects.unfinished().started_here().filter(issue_session__in=session_pks)
    for attempt in mine.only("issue_session", "host", "pid", "pid_started"):
        process = attempt.process
        agent = Agent(attempt.pk, process.pid, process.started, is_alive(process))
        found[attempt.issue_session_id].append(agent)
    return found


def _facts(
    row: IssueSession,
    now: datetime,
    agents: list[Agent] | tuple[()],
    places: list[Path] | tuple[()],
    *,
    has_refs: bool,
) -> SessionFacts:
    is_held: bool = getattr(row, "is_held") or False  # noqa: B009 - an annotation
    is_parked = row.is_parked(now)
    hold = Hold.LIVE if is_held else Hold.LAPSED if row.lease_until is not None else Hold.FREE
    return SessionFacts(
        pk=row.pk,
        number=row.github_issue_number,
        status=row.status,
        round=row.round,
        fence=row.fence,
        hold=hold,
        reason=row.reason,
        is_parked=is_parked,
        awaits_worker=row.queued_at is not None and not is_parked,
        has_pull_request=row.pr_number is not None,
        requested_verb=row.requested_verb,
        agents=tuple(agents),
        folders=tuple(_folder(path) for path in places),
        has_refs=has_refs,
    )


def _folder(path: Path) -> Folder:
    fence = path.name.partition("-")[2]
    return Folder(str(path), path.parent.name, int(fence) if fence.isdigit() else None)
