"""GitHub's answers as values. Each `decode_…` takes decoded JSON; a wrong form raises MalformedPayload.

Only what the product uses is kept. Texts are GitHub's, unlimited and untrusted: every sink caps and escapes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from projects.github.decoding import Fields, MalformedPayload

__all__ = [
    "Comment",
    "Issue",
    "IssuePage",
    "MalformedPayload",
    "PullRequest",
    "PullRequestStatus",
    "Repository",
    "decode_comment",
    "decode_issue",
    "decode_issue_page",
    "decode_pull_request",
    "decode_repository",
]


@dataclass(frozen=True, slots=True)
class Repository:
    id: int
    full_name: str
    default_branch: str
    archived: bool
    private: bool
    html_url: str
    can_push: bool
    has_issues: bool


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue, or in a list a pull request seen as one. `author` is empty for a deleted account."""

    number: int
    title: str
    body: str
    labels: tuple[str, ...]
    state: str  # open, closed
    state_reason: str  # completed, not_planned, reopened, duplicate or empty
    author: str
    author_association: str
    assignees: tuple[str, ...]
    milestone: str | None
    html_url: str
    created_at: datetime
    updated_at: datetime
    is_pull_request: bool
    locked: bool


@dataclass(frozen=True, slots=True)
class IssuePage:
    """One page of the list; `malformed` names the entries that could not be read and why."""

    issues: list[Issue]
    malformed: list[str]


@dataclass(frozen=True, slots=True)
class Comment:
    id: int
    body: str
    author: str
    created_at: datetime
    html_url: str


@dataclass(frozen=True, slots=True)
class PullRequest:
    """`merged_by` and `mergeable` are known only where one pull request was asked for, not from a list.

    `merge_commit_sha` is kept only once merged: before that GitHub names its own test merge.
    `head_repo` is None when the fork was deleted.
    """

    number: int
    state: str  # open, closed
    draft: bool
    merged: bool
    merged_at: datetime | None
    merged_by: str
    merge_commit_sha: str | None
    head_repo: str | None
    head_ref: str
    head_sha: str
    base_ref: str
    body: str
    author: str
    html_url: str
    title: str
    mergeable: bool | None


@dataclass(frozen=True, slots=True)
class PullRequestStatus:
    """Where a pull request stands; `checks` is about its present head."""

    pr: PullRequest
    state: str  # open, draft, merged, closed
    checks: str  # success, failure, pending, none
    review: str  # approved, changes_requested, none


def decode_repository(raw: object) -> Repository:
    fields = Fields(raw)
    permissions = fields.child_or_none("permissions")
    return Repository(
        id=fields.number("id"),
        full_name=fields.text("full_name"),
        default_branch=fields.text("default_branch"),
        archived=fields.flag("archived"),
        private=fields.flag("private"),
        html_url=fields.text("html_url"),
        can_push=permissions is not None and permissions.flag("push"),
        has_issues=fields.flag("has_issues", default=True),
    )


def decode_issue(raw: object) -> Issue:
    fields = Fields(raw)
    milestone = fields.child_or_none("milestone")
    return Issue(
        number=fields.number("number"),
        title=fields.text("title"),
        body=fields.text_or_empty("body"),
        labels=tuple(name for label in fields.items("labels") if (name := _label(label))),
        state=fields.choice("state", "open", "closed"),
        state_reason=fields.text_or_empty("state_reason"),
        author=fields.login("user"),
        author_association=fields.text_or_empty("author_association"),
        assignees=tuple(
            Fields(user, "assignees.").text("login") for user in fields.items("assignees", default=())
        ),
        milestone=milestone.text("title") if milestone else None,
        html_url=fields.text("html_url"),
        created_at=fields.moment("created_at"),
        updated_at=fields.moment("updated_at"),
        is_pull_request=fields.value.get("pull_request") is not None,
        locked=fields.flag("locked", default=False),
    )


def decode_issue_page(raw: object) -> IssuePage:
    """One malformed issue does not lose the others."""
    if not isinstance(raw, list):
        raise MalformedPayload("list of issues")
    page = IssuePage(issues=[], malformed=[])
    for entry in raw:
        try:
            page.issues.append(decode_issue(entry))
        except MalformedPayload as error:
            number = entry.get("number") if isinstance(entry, dict) else None
            page.malformed.append(f"#{number if type(number) is int else '?'}: {error.message}")
    return page


def decode_comment(raw: object) -> Comment:
    fields = Fields(raw)
    return Comment(
        id=fields.number("id"),
        body=fields.text_or_empty("body"),
        author=fields.login("user"),
        created_at=fields.moment("created_at"),
        html_url=fields.text("html_url"),
    )


def decode_pull_request(raw: object) -> PullRequest:
    fields = Fields(raw)
    head, merged_at = fields.child("head"), fields.moment_or_none("merged_at")
    head_repo = head.child_or_none("repo")
    return PullRequest(
        number=fields.number("number"),
        state=fields.choice("state", "open", "closed"),
        draft=fields.flag("draft", default=False),
        merged=merged_at is not None,
        merged_at=merged_at,
        merged_by=fields.login("merged_by"),
        merge_commit_sha=fields.text_or_empty("merge_commit_sha") or None if merged_at else None,
        head_repo=head_repo.text("full_name") if head_repo else None,
        head_ref=head.text("ref"),
        head_sha=head.text("sha"),
        base_ref=fields.child("base").text("ref"),
        body=fields.text_or_empty("body"),
        author=fields.login("user"),
        html_url=fields.text("html_url"),
        title=fields.text("title"),
        mergeable=fields.flag_or_none("mergeable"),
    )


def _label(raw: object) -> str:
    """A label is an object, or in old answers its name; one without a name is none."""
    return raw if isinstance(raw, str) else Fields(raw, "labels.").text_or_empty("name")
