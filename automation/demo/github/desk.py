"""What people do on GitHub's pages, as plain calls for the demo and for tests."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from automation.demo.github import issue_rules, pull_rules
from automation.demo.github.access import Gate, Passport
from automation.demo.github.bare import BareRepository
from automation.demo.github.state import (
    CheckRun,
    Comment,
    Issue,
    Ledger,
    Milestone,
    Repository,
    Review,
    Status,
)

Named = Repository | str


class Desk:
    """Every call takes the repository or its full name, and holds the one lock while it acts."""

    def __init__(self, ledger: Ledger, *, root: Path, gate: Gate) -> None:
        self._ledger = ledger
        self._root = root
        self._gate = gate
        self._lock = threading.RLock()

    def repository(self, named: Named) -> Repository:
        repo = self._ledger.find(named) if isinstance(named, str) else named
        if repo is None:
            raise LookupError(f"the stand-in has no repository {named}")
        return repo

    def create_repository(
        self, full_name: str, *, default_branch: str = "main", private: bool = False, owner: str = "alice"
    ) -> Repository:
        """An empty repository. `owner` administers it, holders of tokens may write, all others may read."""
        with self._lock:
            bare = BareRepository.create(self._root / f"{full_name}.git", default_branch)
            now = self._ledger.now()
            repo = Repository(self._ledger.next_id(), full_name, default_branch, bare, now, private=private)
            repo.permissions = dict.fromkeys(self._gate.tokens.values(), "write") | {owner: "admin"}
            self._ledger.repositories[full_name.lower()] = repo
            self._ledger.former_names.pop(full_name.lower(), None)
            return repo

    def rest(self) -> None:
        """Wait until every webhook is delivered."""
        self._ledger.postman.rest()

    def permit(self, named: Named, login: str, permission: str) -> None:
        with self._lock:
            self.repository(named).permissions[login] = permission

    def protect(
        self, named: Named, pattern: str, message: str = "Changes must be made through a pull request."
    ) -> None:
        with self._lock:
            self.repository(named).bare.protect(pattern, message)

    def revoke(self, token: str) -> None:
        with self._lock:
            self._gate.tokens.pop(token, None)

    def describe(
        self, token: str, *, scopes: str | None = "repo", expires_at: datetime | None = None
    ) -> None:
        """What the token's headers tell; no scopes at all for a fine-grained one."""
        with self._lock:
            self._gate.passports[token] = Passport(scopes, expires_at)

    def require_review(self, named: Named, branch: str, approvals: int = 1, *, classic: bool = False) -> None:
        """By a ruleset, which all may read, or by classic protection, which administrators may."""
        with self._lock:
            kind = self.repository(named).protections if classic else self.repository(named).rules
            kind[branch] = approvals

    def grant(self, token: str, login: str) -> None:
        with self._lock:
            self._gate.tokens[token] = login

    def create_issue(
        self,
        named: Named,
        title: str,
        body: str = "",
        labels: Iterable[str] = (),
        author: str = "alice",
    ) -> int:
        with self._lock:
            repo = self.repository(named)
            issue = issue_rules.create_issue(self._ledger, repo, title=title, body=body, author=author)
            issue.labels = [issue_rules.find_label(self._ledger, repo, name) for name in labels]
            return issue.number

    def edit_issue(
        self,
        named: Named,
        number: int,
        *,
        title: str | None = None,
        body: str | None = None,
        labels: Iterable[str] | None = None,
        assignees: Iterable[str] | None = None,
        milestone: str | None = None,
        locked: bool | None = None,
        updated_at: datetime | None = None,
    ) -> Issue:
        """Change what is given; `updated_at` is now unless given."""
        with self._lock:
            repo, issue = self.repository(named), self.issue(named, number)
            issue.title = issue.title if title is None else title
            issue.body = issue.body if body is None else body
            issue.assignees = issue.assignees if assignees is None else list(assignees)
            issue.locked = issue.locked if locked is None else locked
            if milestone is not None:
                issue.milestone = self._milestone(repo, milestone)
            if labels is not None:
                issue_rules.set_labels(self._ledger, repo, issue, labels)
            self._ledger.touch(repo, issue)
            issue.updated_at = updated_at or issue.updated_at
            return issue

    def _milestone(self, repo: Repository, title: str) -> Milestone:
        for milestone in repo.milestones.values():
            if milestone.title == title:
                return milestone
        number = len(repo.milestones) + 1
        repo.milestones[number] = Milestone(self._ledger.next_id(), number, title, self._ledger.now())
        return repo.milestones[number]

    def issue(self, named: Named, number: int) -> Issue:
        with self._lock:
            return self.repository(named).issues[number]

    def issues(self, named: Named) -> list[Issue]:
        with self._lock:
            return [issue for issue in self.repository(named).issues.values() if issue.pull is None]

    def pulls(self, named: Named) -> list[Issue]:
        """All pull requests, each an issue whose `pull` is set."""
        with self._lock:
            repo = self.repository(named)
            pull_rules.refresh(self._ledger, repo)
            return [issue for issue in repo.issues.values() if issue.pull]

    def close(self, named: Named, number: int, *, by: str = "alice", reason: str = "completed") -> None:
        with self._lock:
            issue_rules.close(
                self._ledger, self.repository(named), self.issue(named, number), by=by, reason=reason
            )

    def reopen(self, named: Named, number: int) -> None:
        with self._lock:
            issue_rules.reopen(self._ledger, self.repository(named), self.issue(named, number))

    def comment(self, named: Named, number: int, body: str, *, author: str = "alice") -> Comment:
        with self._lock:
            repo, issue = self.repository(named), self.issue(named, number)
            return issue_rules.add_comment(self._ledger, repo, issue, body=body, author=author)

    def comments(self, named: Named, number: int) -> list[Comment]:
        with self._lock:
            return list(self.issue(named, number).comments)

    def merge(self, named: Named, number: int, *, by: str = "alice") -> str:
        """Merge a pull request and answer the merge commit's SHA."""
        with self._lock:
            return pull_rules.merge(self._ledger, self.repository(named), self.issue(named, number), by=by)

    def review(self, named: Named, number: int, event: str, *, body: str = "", by: str = "alice") -> Review:
        """`event` is APPROVE, REQUEST_CHANGES or COMMENT."""
        with self._lock:
            repo, issue = self.repository(named), self.issue(named, number)
            return pull_rules.add_review(self._ledger, repo, issue, event=event, body=body, author=by)

    def set_status(
        self, named: Named, sha: str, state: str, *, context: str = "ci", by: str = "alice"
    ) -> None:
        with self._lock:
            now, number = self._ledger.now(), self._ledger.next_id()
            self.repository(named).statuses.append(Status(number, sha, context, state, "", by, now))

    def set_check(self, named: Named, sha: str, conclusion: str | None, *, name: str = "tests") -> None:
        """A check run of GitHub Actions; without a conclusion it still runs."""
        with self._lock:
            repo, now = self.repository(named), self._ledger.now()
            repo.check_runs = [run for run in repo.check_runs if (run.sha, run.name) != (sha, name)]
            status, ended = ("completed", now) if conclusion else ("in_progress", None)
            repo.check_runs.append(
                CheckRun(self._ledger.next_id(), sha, name, status, conclusion, now, ended)
            )
