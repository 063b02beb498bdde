"""What the product asks of GitHub, one method per question or change, in the product's own values.

`repo` is "owner/name". Every method raises the ladder of `errors.py`. No method looks before it creates: the
caller does, since only the caller knows what it has done before.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from urllib.parse import quote

from projects.github import pull_status
from projects.github.decoding import Fields, MalformedPayload
from projects.github.errors import Forbidden, Moved, NotFound
from projects.github.guards import decode_protection, decode_rules
from projects.github.hooks import Hooks
from projects.github.payloads import (
    Comment,
    Issue,
    IssuePage,
    PullRequest,
    PullRequestStatus,
    Repository,
    decode_comment,
    decode_issue,
    decode_issue_page,
    decode_pull_request,
    decode_repository,
)
from projects.github.ratelimit import Priority
from projects.github.token import TokenFacts, decode_token
from projects.github.transport import Transport, repository_path

__all__ = ["GitHubClient", "IssuePage"]

ISSUE_FILTERS = (
    "state",
    "labels",
    "assignee",
    "milestone",
    "creator",
    "mentioned",
    "since",
    "sort",
    "direction",
)

logger = logging.getLogger(__name__)


class GitHubClient:
    """GitHub as seen with one token."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.guarded = transport.guarded
        self.hooks = Hooks(transport)

    def server_time(self) -> datetime:
        """GitHub's clock at its last answer; ours when it has not answered yet."""
        return self._transport.server_date or self._transport.now()

    @property
    def priority(self) -> Priority:
        """What the requests to come are for."""
        return self._transport.meter.priority

    @priority.setter
    def priority(self, priority: Priority) -> None:
        self._transport.meter.priority = priority

    @contextmanager
    def as_(self, priority: Priority) -> Iterator[None]:
        """Requests of another priority for a while."""
        before, self.priority = self.priority, priority
        try:
            yield
        finally:
            self.priority = before

    @property
    def was_answered(self) -> bool:
        return self._transport.server_date is not None

    @property
    def token_headers(self) -> Mapping[str, str | None]:
        """What the answers so far show of the token, by `token.SCOPES` and `token.EXPIRATION`."""
        return self._transport.token_headers

    def get_login(self) -> str:
        """https://docs.github.com/rest/users/users#get-the-authenticated-user"""
        return Fields(self._transport.get("/user", polled=True).data).text("login")

    def get_token(self) -> TokenFacts:
        """Whose token it is, and what the headers tell of its scopes and its end.

        https://docs.github.com/rest/users/users#get-the-authenticated-user
        """
        answer = self._transport.get("/user")
        return decode_token(answer.data, answer.headers)

    def get_repository(self, repo: str) -> Repository:
        """Follows a rename: compare ids. https://docs.github.com/rest/repos/repos#get-a-repository"""
        return decode_repository(self._transport.get(repository_path(repo), polled=True).data)

    def get_permission(self, repo: str, login: str) -> str:
        """What they may do there: admin, write, read or none.

        https://docs.github.com/rest/collaborators/collaborators#get-repository-permissions-for-a-user
        """
        path = f"{repository_path(repo)}/collaborators/{quote(login, safe='')}/permission"
        return Fields(self._transport.get(path, polled=True).data).text("permission")

    def get_required_reviews(self, repo: str, branch: str) -> int | None:
        """How many approvals a merge into the branch needs; None when this token may not read that.

        https://docs.github.com/rest/repos/rules#get-rules-for-a-branch
        https://docs.github.com/rest/branches/branches#get-a-branch
        https://docs.github.com/rest/branches/branch-protection#get-branch-protection
        """
        place, name = repository_path(repo), quote(branch, safe="")
        asked = decode_rules(self._list(f"{place}/rules/branches/{name}"))
        if asked or not Fields(self._transport.get(f"{place}/branches/{name}").data).flag("protected"):
            return asked
        try:
            return decode_protection(self._transport.get(f"{place}/branches/{name}/protection").data)
        except (Forbidden, NotFound):
            return None

    def iter_issues(self, repo: str, *, state: str, since: datetime | None = None) -> Iterator[IssuePage]:
        """Issues and pull requests, least recently updated first, a hundred a page.

        https://docs.github.com/rest/issues/issues#list-repository-issues
        """
        params = {"state": state, "sort": "updated", "direction": "asc"}
        if since is not None:
            params["since"] = _moment(since)
        for answer in self._transport.pages(
            f"{repository_path(repo)}/issues", params, polled=since is not None
        ):
            yield decode_issue_page(answer.data)

    def get_issues(self, repo: str, filters: Mapping[str, object] | None = None) -> list[Issue]:
        """The issues, without pull requests, that match GitHub's own parameters. Of several labels all count.

        https://docs.github.com/rest/issues/issues#list-repository-issues
        """
        params = {name: _parameter(value) for name, value in (filters or {}).items()}
        unknown = sorted(set(params) - set(ISSUE_FILTERS))
        if unknown:
            raise ValueError(f"GitHub's issue list has no filter {', '.join(unknown)}.")
        found: list[Issue] = []
        for answer in self._transport.pages(f"{repository_path(repo)}/issues", params):
            page = decode_issue_page(answer.data)
            found += [issue for issue in page.issues if not issue.is_pull_request]
            for malformed in page.malformed:
                logger.warning("issue=%s%s", repo, malformed)
        return found

    def get_issue(self, repo: str, issue_number: int) -> Issue:
        """Raises Moved when it was transferred to another repository, Gone when it was deleted.

        https://docs.github.com/rest/issues/issues#get-an-issue
        """
        data = self._transport.get(f"{repository_path(repo)}/issues/{issue_number:d}", polled=True).data
        issue = decode_issue(data)
        home = "/".join(Fields(data).text("repository_url").split("/")[-2:])
        if home.lower() != repo.lower() and home.lower() != self.get_repository(repo).full_name.lower():
            raise Moved(f"Issue {repo}#{issue_number} is now {home}#{issue.number}.")
        return issue

    def get_comments(self, repo: str, issue_number: int, *, since: datetime | None = None) -> list[Comment]:
        """Comments of an issue or a pull request, oldest first; `since` is about their last change.

        https://docs.github.com/rest/issues/comments#list-issue-comments
        """
        params = {} if since is None else {"since": _moment(since)}
        path = f"{repository_path(repo)}/issues/{issue_number:d}/comments"
        return [decode_comment(raw) for raw in self._list(path, params)]

    def create_comment(self, repo: str, issue_number: int, body: str) -> Comment:
        """https://docs.github.com/rest/issues/comments#create-an-issue-comment"""
        path = f"{repository_path(repo)}/issues/{issue_number:d}/comments"
        return self._transport.change("POST", path, {"body": body}, decode_comment)

    def update_issue_labels(self, repo: str, issue_number: int, labels: Sequence[str]) -> None:
        """The issue has exactly these labels afterwards.

        https://docs.github.com/rest/issues/labels#set-labels-for-an-issue, and for none at all
        https://docs.github.com/rest/issues/issues#update-an-issue
        """
        path = f"{repository_path(repo)}/issues/{issue_number:d}"
        if labels:
            self._transport.mutate("PUT", f"{path}/labels", {"labels": list(labels)})
        else:
            self._transport.mutate("PATCH", path, {"labels": []})

    def add_labels(self, repo: str, issue_number: int, labels: Sequence[str]) -> None:
        """https://docs.github.com/rest/issues/labels#add-labels-to-an-issue"""
        if labels:
            path = f"{repository_path(repo)}/issues/{issue_number:d}/labels"
            self._transport.mutate("POST", path, {"labels": list(labels)})

    def close_issue(self, repo: str, issue_number: int, *, reason: str = "completed") -> Issue:
        """`reason` is completed or not_planned. https://docs.github.com/rest/issues/issues#update-an-issue"""
        payload = {"state": "closed", "state_reason": reason}
        return self._transport.change(
            "PATCH", f"{repository_path(repo)}/issues/{issue_number:d}", payload, decode_issue
        )

    def create_pr(
        self, repo: str, head: str, base: str, title: str, body: str, *, draft: bool = False
    ) -> PullRequest:
        """Raises ValidationFailed when there is one already, or no commit between base and head.

        https://docs.github.com/rest/pulls/pulls#create-a-pull-request
        """
        payload = {"head": head, "base": base, "title": title, "body": body, "draft": draft}
        return self._transport.change("POST", f"{repository_path(repo)}/pulls", payload, decode_pull_request)

    def update_pr(self, repo: str, pr_number: int, *, body: str) -> PullRequest:
        """https://docs.github.com/rest/pulls/pulls#update-a-pull-request"""
        return self._transport.change(
            "PATCH", f"{repository_path(repo)}/pulls/{pr_number:d}", {"body": body}, decode_pull_request
        )

    def find_prs(self, repo: str, *, owner: str, branch: str, base: str | None = None) -> list[PullRequest]:
        """Pull requests in any state from `owner`'s `branch`, newest first.

        https://docs.github.com/rest/pulls/pulls#list-pull-requests
        """
        params = {"state": "all", "head": f"{owner}:{branch}"}
        if base is not None:
            params["base"] = base
        return [decode_pull_request(raw) for raw in self._list(f"{repository_path(repo)}/pulls", params)]

    def get_pr(self, repo: str, pr_number: int) -> PullRequest:
        """https://docs.github.com/rest/pulls/pulls#get-a-pull-request"""
        answer = self._transport.get(f"{repository_path(repo)}/pulls/{pr_number:d}", polled=True)
        return decode_pull_request(answer.data)

    def get_pr_status(self, repo: str, pr_number: int) -> PullRequestStatus:
        """The pull request, its checks and its reviews. Checks that the token may not read count as none.

        https://docs.github.com/rest/commits/statuses#get-the-combined-status-for-a-specific-reference
        https://docs.github.com/rest/checks/runs#list-check-runs-for-a-git-reference
        https://docs.github.com/rest/pulls/reviews#list-reviews-for-a-pull-request
        """
        pr = self.get_pr(repo, pr_number)
        commit = f"{repository_path(repo)}/commits/{pr.head_sha}"
        statuses = self._readable(
            lambda: [self._transport.get(f"{commit}/status", {"per_page": "100"}, polled=True).data]
        )
        runs = self._readable(
            lambda: self._list(f"{commit}/check-runs", {"filter": "latest"}, key="check_runs", polled=True)
        )
        reviews = self._list(f"{repository_path(repo)}/pulls/{pr_number:d}/reviews", polled=True)
        return PullRequestStatus(
            pr=pr,
            state=pull_status.state_of(pr),
            checks=pull_status.checks_of(combined_status=next(iter(statuses), None), check_runs=runs),
            review=pull_status.review_of(reviews),
        )

    def _list(
        self, path: str, params: Mapping[str, str] | None = None, *, key: str = "", polled: bool = False
    ) -> list[object]:
        """All entries of a list over all its pages; `key` is where an answer that is an object holds them."""
        entries: list[object] = []
        for answer in self._transport.pages(path, params, polled=polled):
            page = Fields(answer.data).items(key) if key else answer.data
            if not isinstance(page, list):
                raise MalformedPayload("list")
            entries += page
        return entries

    def _readable(self, read: Callable[[], list[object]]) -> list[object]:
        """A fine-grained token may lack the permission for checks and still do all the rest."""
        try:
            return read()
        except Forbidden as error:
            logger.info("%s", error)
            return []


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _parameter(value: object) -> str:
    if isinstance(value, datetime):
        return _moment(value)
    return ",".join(str(item) for item in value) if isinstance(value, list | tuple) else str(value)
