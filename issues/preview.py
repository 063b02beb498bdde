"""What a sync would do, found out by doing it in a transaction that is rolled back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from issues.intake import take_in
from issues.models import IssueSession
from issues.sync import OVERLAP
from projects.github.client import GitHubClient
from projects.github.payloads import Issue, IssuePage
from projects.models import Project

NEW, CHANGED, MOVED, LEFT_OUT = "new", "changed", "moved", "left_out"
COLUMNS = (
    "github_issue_title",
    "github_issue_body",
    "github_issue_labels",
    "issue_state",
    "issue_updated_at",
)


@dataclass(frozen=True)
class Seen:
    """One listed issue: `new`, `changed` on GitHub, `moved` to another status here, or `left_out` by the filter."""

    number: int
    title: str
    kind: str
    status: str = ""
    reason: str = ""


@dataclass(frozen=True)
class _State:
    status: str
    reason: str
    requested: str
    content: tuple[object, ...]


def preview(
    project: Project, client: GitHubClient, *, since: datetime | None = None
) -> tuple[list[Seen], int]:
    """The listed issues that a sync would touch or leave out, and how many were listed. Nothing is stored.

    GitHub is asked first, so that the transaction is short.
    """
    listed: dict[int, Issue] = {}
    count = 0
    for page in _pages(project, client, since):
        count += len(page.issues)
        listed |= {issue.number: issue for issue in page.issues if not issue.is_pull_request}
    with transaction.atomic():
        before = _states(project, listed)
        take_in(project, list(listed.values()))
        after = _states(project, listed)
        transaction.set_rollback(True)
    found = (
        _compare(issue, before.get(number), after.get(number)) for number, issue in sorted(listed.items())
    )
    return [seen for seen in found if seen is not None], count


def _pages(project: Project, client: GitHubClient, since: datetime | None) -> Iterator[IssuePage]:
    """As `issues.sync` lists them."""
    if project.listed_filter != project.issue_filter:
        yield from client.iter_issues(project.github_repo, state="open", since=None)
    if project.sync_cursor is not None:
        start = min(since or project.sync_cursor, project.sync_cursor) - OVERLAP
        yield from client.iter_issues(project.github_repo, state="all", since=start)


def _states(project: Project, listed: dict[int, Issue]) -> dict[int, _State]:
    rows = IssueSession.objects.filter(project=project, github_issue_number__in=listed)
    return {
        row.github_issue_number: _State(
            row.status, row.reason, row.requested_verb, tuple(getattr(row, name) for name in COLUMNS)
        )
        for row in rows
    }


def _compare(issue: Issue, before: _State | None, after: _State | None) -> Seen | None:
    if after is None:
        return Seen(issue.number, issue.title, LEFT_OUT) if issue.state == "open" else None
    if before is None:
        return Seen(issue.number, issue.title, NEW, after.status, after.reason)
    if (before.status, before.reason, before.requested) != (after.status, after.reason, after.requested):
        reason = after.reason if after.status != before.status else after.requested
        return Seen(issue.number, issue.title, MOVED, after.status, reason)
    if before.content != after.content:
        return Seen(issue.number, issue.title, CHANGED, after.status, after.reason)
    return None
