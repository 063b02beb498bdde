"""What GitHub keeps: repositories, issues, pull requests, comments, labels, reviews, statuses. No HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from pathlib import Path

from automation.demo.github.bare import BareRepository
from automation.demo.github.hooks import Hook, Postman

PERMISSIONS = ("none", "read", "triage", "write", "maintain", "admin")


@dataclass
class Label:
    id: int
    name: str
    color: str = "ededed"
    description: str = ""


@dataclass
class Milestone:
    id: int
    number: int
    title: str
    created_at: datetime


@dataclass
class Comment:
    id: int
    author: str
    body: str
    created_at: datetime
    updated_at: datetime


@dataclass
class Review:
    id: int
    author: str
    state: str
    body: str
    commit_sha: str
    submitted_at: datetime


@dataclass
class Status:
    """One commit status; the newest of each context counts."""

    id: int
    sha: str
    context: str
    state: str
    description: str
    creator: str
    created_at: datetime


@dataclass
class CheckRun:
    id: int
    sha: str
    name: str
    status: str
    conclusion: str | None
    started_at: datetime
    completed_at: datetime | None


@dataclass
class Pull:
    """What an issue has in addition when it is a pull request. `head_sha` freezes when it closes."""

    head_ref: str
    base_ref: str
    head_sha: str
    base_sha: str
    draft: bool = False
    merged_at: datetime | None = None
    merged_by: str | None = None
    merge_commit_sha: str | None = None
    reviews: list[Review] = field(default_factory=list)


@dataclass
class Issue:
    """An issue, or a pull request when `pull` is set: both share one sequence of numbers."""

    id: int
    number: int
    title: str
    body: str
    author: str
    created_at: datetime
    updated_at: datetime
    labels: list[Label] = field(default_factory=list)
    assignees: list[str] = field(default_factory=list)
    milestone: Milestone | None = None
    state: str = "open"
    state_reason: str | None = None
    closed_at: datetime | None = None
    closed_by: str | None = None
    locked: bool = False
    comments: list[Comment] = field(default_factory=list)
    pull: Pull | None = None


@dataclass
class Repository:
    """`version` grows with every change of an issue, so that sorted lists can be kept between two pages.

    `left`: issues that are gone, by number, with the repository and the number that a transferred one has now.
    """

    id: int
    full_name: str
    default_branch: str
    bare: BareRepository
    created_at: datetime
    private: bool = False
    archived: bool = False
    permissions: dict[str, str] = field(default_factory=dict)
    issues: dict[int, Issue] = field(default_factory=dict)
    labels: dict[str, Label] = field(default_factory=dict)
    milestones: dict[int, Milestone] = field(default_factory=dict)
    statuses: list[Status] = field(default_factory=list)
    check_runs: list[CheckRun] = field(default_factory=list)
    rules: dict[str, int] = field(default_factory=dict)
    protections: dict[str, int] = field(default_factory=dict)
    hooks: dict[int, Hook] = field(default_factory=dict)
    left: dict[int, tuple[int, int] | None] = field(default_factory=dict)
    version: int = 0
    listings: dict[tuple[str, ...], tuple[int, list[Issue]]] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        return self.bare.path

    @property
    def owner(self) -> str:
        return self.full_name.partition("/")[0]

    @property
    def name(self) -> str:
        return self.full_name.partition("/")[2]

    def permission(self, login: str) -> str:
        return self.permissions.get(login, "none" if self.private else "read")

    def allows(self, login: str, permission: str) -> bool:
        return PERMISSIONS.index(self.permission(login)) >= PERMISSIONS.index(permission)

    def association(self, login: str) -> str:
        """How GitHub names an author's relation to an organisation's repository."""
        named = {"admin": "MEMBER", "maintain": "MEMBER", "write": "COLLABORATOR", "triage": "COLLABORATOR"}
        return named.get(self.permission(login), "NONE")


class Ledger:
    """Everything the stand-in remembers, with GitHub's clock (whole seconds, never backwards) and its ids."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.repositories: dict[str, Repository] = {}
        self.postman = Postman()
        self.on_change: Callable[[Repository, Issue], None] = lambda repo, issue: None
        self.former_names: dict[str, int] = {}  # of renamed repositories, until another takes the name
        self.organizations: dict[str, set[str]] = {}  # of each login
        self._last = clock().replace(microsecond=0)
        self._ids: Iterator[int] = count(1001)
        self._users: dict[str, int] = {}

    def now(self) -> datetime:
        self._last = max(self._last, self.clock().replace(microsecond=0))
        return self._last

    def next_id(self) -> int:
        return next(self._ids)

    def user_id(self, login: str) -> int:
        return self._users.setdefault(login, len(self._users) + 1)

    def find(self, full_name: str) -> Repository | None:
        return self.repositories.get(full_name.lower())

    def find_by_id(self, repository_id: int) -> Repository | None:
        return next((repo for repo in self.repositories.values() if repo.id == repository_id), None)

    def touch(self, repo: Repository, issue: Issue) -> None:
        issue.updated_at = self.now()
        repo.version += 1
        self.on_change(repo, issue)
