"""GitHub's rules for issues, comments and labels: what is valid, and what changes with what."""

from __future__ import annotations

from collections.abc import Iterable

from automation.demo.github.refusals import Refusal, impossible, invalid
from automation.demo.github.state import Comment, Issue, Label, Ledger, Repository

BODY_LIMIT = 65_536
TITLE_LIMIT = 256
REASONS = ("completed", "not_planned", "duplicate", "reopened", None)


def check_text(resource: str, *, title: str | None = None, body: str | None = None) -> None:
    if title is not None and not title.strip():
        raise invalid(resource, "title", "missing_field")
    if title is not None and len(title) > TITLE_LIMIT:
        raise impossible(resource, f"title is too long (maximum is {TITLE_LIMIT} characters)")
    if body is not None and len(body) > BODY_LIMIT:
        raise impossible(resource, f"body is too long (maximum is {BODY_LIMIT} characters)")


def create_issue(ledger: Ledger, repo: Repository, *, title: str, body: str, author: str) -> Issue:
    """Add an issue (of any size: a test may need one that the API would not take)."""
    now = ledger.now()
    number = max(next(reversed(repo.issues), 0), max(repo.left, default=0)) + 1
    issue = Issue(ledger.next_id(), number, title, body, author, created_at=now, updated_at=now)
    repo.issues[number] = issue
    repo.version += 1
    ledger.on_change(repo, issue)
    return issue


def find_label(ledger: Ledger, repo: Repository, name: str) -> Label:
    """The label of that name in any case; a new name makes a new label, as adding one to an issue does."""
    name = name.strip()
    if not name or len(name) > 50:
        raise invalid("Label", "name", value=name)
    return repo.labels.setdefault(name.lower(), Label(ledger.next_id(), name))


def set_labels(ledger: Ledger, repo: Repository, issue: Issue, names: Iterable[str]) -> None:
    found = {label.id: label for label in (find_label(ledger, repo, name) for name in names)}
    issue.labels = list(found.values())
    ledger.touch(repo, issue)


def close(
    ledger: Ledger, repo: Repository, issue: Issue, *, by: str, reason: str | None = "completed"
) -> None:
    if reason not in REASONS:
        raise invalid("Issue", "state_reason", value=reason)
    if issue.state == "closed":
        return
    issue.state, issue.closed_by = "closed", by
    issue.state_reason = None if issue.pull else (reason or "completed")
    ledger.touch(repo, issue)
    issue.closed_at = issue.updated_at


def reopen(ledger: Ledger, repo: Repository, issue: Issue) -> None:
    if issue.state == "open":
        return
    if issue.pull and issue.pull.merged_at:
        raise invalid("PullRequest", "state")
    issue.state, issue.closed_at, issue.closed_by = "open", None, None
    issue.state_reason = None if issue.pull else "reopened"
    ledger.touch(repo, issue)


def add_comment(ledger: Ledger, repo: Repository, issue: Issue, *, body: str, author: str) -> Comment:
    if not body.strip():
        raise impossible("IssueComment", "body cannot be blank")
    check_text("IssueComment", body=body)
    if issue.locked and not repo.allows(author, "write"):
        raise Refusal(403, "Unable to create comment because issue is locked.")
    ledger.touch(repo, issue)
    comment = Comment(ledger.next_id(), author, body, issue.updated_at, issue.updated_at)
    issue.comments.append(comment)
    return comment
