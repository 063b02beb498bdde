"""Follow a repository's issues.

1. Make sure that the name still means the same repository.
2. When the filter was never listed, or has changed: list the open issues.
3. List everything updated since the cursor, in whatever state.

Each page is stored together with its cursor, so an interrupted sync goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from issues.intake import Intake, take_in
from projects.errors import OperatorError
from projects.github.client import GitHubClient
from projects.github.payloads import Issue, IssuePage, Repository
from projects.github.ratelimit import Priority
from projects.models import Project

OVERLAP = timedelta(seconds=60)


@dataclass
class SyncReport:
    """What a sync did. `finished` is False when its time ran out: call again. `repository`: as GitHub describes it."""

    pages: int = 0
    listed: int = 0
    new: int = 0
    changed: int = 0
    skipped: int = 0
    malformed: list[str] = field(default_factory=list)
    finished: bool = True
    repository: Repository | None = None

    def add(self, page: IssuePage, intake: Intake) -> None:
        self.pages += 1
        self.listed += len(page.issues)
        self.malformed += page.malformed
        self.new += intake.new
        self.changed += intake.changed
        self.skipped += intake.skipped


def sync_project(
    project: Project, client: GitHubClient, *, may_go_on: Callable[[], bool] = lambda: True
) -> SyncReport:
    """Bring the project's sessions up to date. Raises the client's errors; what was stored stays stored."""
    report = SyncReport()
    requested_at = project.sync_requested_at
    report.repository = identify(project, client)
    first_contact = project.sync_cursor is None
    if project.listed_filter != project.issue_filter and not _list_open(project, client, report, may_go_on):
        return report
    if not first_contact and not _list_updates(project, client, report, may_go_on):
        return report
    project.last_synced_at = timezone.now()
    project.save(update_fields=["last_synced_at", "repository_archived", "repository_seen_at"])
    Project.objects.filter(pk=project.pk, sync_requested_at=requested_at).update(sync_requested_at=None)
    return report


def identify(project: Project, client: GitHubClient) -> Repository:
    """First contact stores the repository's id; later ones insist on it and follow a rename.

    That it was seen, and whether it is archived, is noted on the project and saved by the caller.
    """
    repository = client.get_repository(project.github_repo)
    if project.github_id not in (None, repository.id):
        raise OperatorError(
            "github.other_repository",
            f"{project.github_repo} is now another repository (id {repository.id}, it was {project.github_id}).",
            "Archive this project and link the repository again if that is intended.",
        )
    project.repository_archived, project.repository_seen_at = repository.archived, timezone.now()
    if project.github_id == repository.id and project.github_repo == repository.full_name:
        return repository
    project.github_id, project.github_repo = repository.id, repository.full_name
    try:
        with transaction.atomic():
            project.save(update_fields=["github_id", "github_repo"])
    except IntegrityError as error:
        project.github_id = None
        raise OperatorError(
            "project.duplicate",
            f"Another project is already linked to {repository.full_name}.",
            "Use that project, or archive it first: two projects would answer the same issues.",
        ) from error
    return repository


def _list_open(
    project: Project, client: GitHubClient, report: SyncReport, may_go_on: Callable[[], bool]
) -> bool:
    """The first page comes as soon as any sync may; a long list then leaves the hour to all others."""
    wanted, cursor = project.issue_filter, project.listing_cursor
    began = client.server_time()
    pages = client.iter_issues(project.github_repo, state="open", since=cursor and cursor - OVERLAP)
    with client.as_(client.priority if cursor is None else Priority.BACKFILL):
        for page in _pages(pages, report, may_go_on):
            with transaction.atomic():
                report.add(page, take_in(project, _issues(page)))
                project.listing_cursor = _newest(page) or project.listing_cursor
                project.sync_cursor = project.sync_cursor or began
                project.save(update_fields=["listing_cursor", "sync_cursor"])
            client.priority = Priority.BACKFILL
    if report.finished:
        project.listed_filter, project.listing_cursor = wanted, None
        project.sync_cursor = project.sync_cursor or began
        project.save(update_fields=["listed_filter", "listing_cursor", "sync_cursor"])
    return report.finished


def _list_updates(
    project: Project, client: GitHubClient, report: SyncReport, may_go_on: Callable[[], bool]
) -> bool:
    assert project.sync_cursor is not None  # noqa: S101 - the caller looked
    pages = client.iter_issues(project.github_repo, state="all", since=project.sync_cursor - OVERLAP)
    for page in _pages(pages, report, may_go_on):
        with transaction.atomic():
            report.add(page, take_in(project, _issues(page)))
            project.sync_cursor = max(project.sync_cursor, _newest(page) or project.sync_cursor)
            project.save(update_fields=["sync_cursor"])
    return report.finished


def _pages(
    pages: Iterator[IssuePage], report: SyncReport, may_go_on: Callable[[], bool]
) -> Iterator[IssuePage]:
    """The pages while time is left; the next request is not sent once it is out."""
    while True:
        if not may_go_on():
            report.finished = False
            return
        page = next(pages, None)
        if page is None:
            return
        yield page


def _issues(page: IssuePage) -> list[Issue]:
    return [issue for issue in page.issues if not issue.is_pull_request]


def _newest(page: IssuePage) -> datetime | None:
    return max((issue.updated_at for issue in page.issues), default=None)
