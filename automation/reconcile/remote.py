"""What GitHub is asked beyond sync and following: the repository itself, and which of our issues it no longer has.

A missed webhook tells nobody of a deleted or a transferred issue, and no listing shows it: once a day the numbers of
all open issues are compared with ours. A session that GitHub answered badly for is looked at at once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q

from automation.models import Effect
from automation.reconcile.decisions import LOSABLE, LostIssue, RemoteFacts
from issues.intake import take_in
from issues.models.session import IssueSessionQuerySet
from issues.sync import identify
from projects import clocks, leases
from projects.connection import mirror_of
from projects.errors import OperatorError
from projects.github.client import GitHubClient
from projects.github.errors import GitHubRateLimited, Gone, Moved, NotFound
from projects.github.payloads import Repository
from projects.github.ratelimit import Priority
from projects.models import Project
from projects.workspace.git import init_repository

logger = logging.getLogger(__name__)
SEEN_EVERY = timedelta(minutes=5)
COMPARED_EVERY = timedelta(days=1)
BATCH = 25
SUSPECT = ("github.gone", "github.moved", "github.not_found")
DELETED, TRANSFERRED = "issue_deleted", "issue_transferred"


def look(
    project: Project,
    client: GitHubClient,
    now: datetime,
    may_go_on: Callable[[], bool],
    repository: Repository | None,
) -> RemoteFacts | None:
    """None when nothing was due. `repository`: what sync has just been told of it. Raises the client's errors."""
    if repository is None and _is_seen_due(project, now):
        repository = see(project, client)
    if repository is None:
        return None
    is_there = True
    if project.default_branch == project.repository_branch != repository.default_branch:
        is_there = _has_its_branch(project)
    lost = _lost(project, client, now, may_go_on)
    return RemoteFacts(repository.default_branch, branch_is_there=is_there, lost=tuple(lost))


def see(project: Project, client: GitHubClient) -> Repository:
    """As `identify`, and saved."""
    repository = identify(project, client)
    project.save(update_fields=["repository_archived", "repository_seen_at"])
    return repository


def _is_seen_due(project: Project, now: datetime) -> bool:
    """Also where nothing is synced: people may have started sessions there, and pull requests are open."""
    return project.github_id is not None and clocks.is_due(project.repository_seen_at, SEEN_EVERY, now)


def _has_its_branch(project: Project) -> bool:
    """Asked by git: the API leads from a renamed branch to the new one."""
    mirror = mirror_of(project)
    init_repository(mirror.path, bare=True)
    return project.default_branch in mirror.remote_branches()


def _lost(
    project: Project, client: GitHubClient, now: datetime, may_go_on: Callable[[], bool]
) -> list[LostIssue]:
    numbers = list(_losable(project).filter(reason__in=SUSPECT).values_list("github_issue_number", flat=True))
    found = _ask(project, client, numbers[:BATCH], may_go_on)
    if project.issues_compared_at is None:
        _note_compared(project, now)  # the first listing has just told
    elif clocks.is_due(project.issues_compared_at, COMPARED_EVERY, now):
        try:
            with client.as_(Priority.BACKFILL):
                found += _compare(project, client, now, may_go_on)
        except GitHubRateLimited as error:
            if not error.is_reserve:
                raise
            logger.info("project=%s outcome=comparison_put_off %s", project.pk, error)
    return found


def _compare(
    project: Project, client: GitHubClient, now: datetime, may_go_on: Callable[[], bool]
) -> list[LostIssue]:
    """All open issues' numbers against ours. More than a few missing are looked at in several rounds."""
    missing = set(_losable(project).values_list("github_issue_number", flat=True))
    if missing:
        for page in client.iter_issues(project.github_repo, state="open"):
            if page.malformed or not may_go_on():
                return []
            missing -= {issue.number for issue in page.issues}
    found = _ask(project, client, sorted(missing)[:BATCH], may_go_on)
    if len(missing) <= BATCH:
        _note_compared(project, now)
    return found


def _note_compared(project: Project, now: datetime) -> None:
    project.issues_compared_at = now
    project.save(update_fields=["issues_compared_at"])


def _losable(project: Project) -> IssueSessionQuerySet:
    """Sessions without a pull request that nobody holds. One that is opened and not yet noted decides as well."""
    opened = Effect.objects.filter(
        issue_session=OuterRef("pk"),
        round=OuterRef("round"),
        kind=Effect.Kind.PULL_REQUEST,
        outcome__isnull=False,
    )
    free = Q(requested_verb="", pr_number=None, status__in=LOSABLE)
    return project.sessions.filter(leases.free(), free, ~Exists(opened))


def _ask(
    project: Project, client: GitHubClient, numbers: list[int], may_go_on: Callable[[], bool]
) -> list[LostIssue]:
    """Each issue itself. One that is there after all, closed perhaps, is taken in as by a sync."""
    found = []
    for number in numbers:
        if not may_go_on():
            break
        try:
            issue = client.get_issue(project.github_repo, number)
        except Moved as error:
            found.append(
                LostIssue(number, TRANSFERRED, f"{error.message} Link that repository to go on there.")
            )
        except (Gone, NotFound) as error:
            _insist_on_issues(project, client)
            message = f"The issue was deleted, or moved to where the token may not see it. {error.message}"
            found.append(LostIssue(number, DELETED, message))
        else:
            take_in(project, [issue])
    return found


def _insist_on_issues(project: Project, client: GitHubClient) -> None:
    """That one issue is lost says nothing when the repository is, or has its issues switched off."""
    if not client.get_repository(project.github_repo).has_issues:
        raise OperatorError(
            "github.no_issues",
            f"{project.github_repo} has its issues switched off on GitHub.",
            "Switch them on in the repository's settings, or archive the project.",
        )
