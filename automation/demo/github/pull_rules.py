"""GitHub's rules for pull requests: when one may be opened, how its head moves, and what a merge does."""

from __future__ import annotations

import re

from automation.demo.github import issue_rules
from automation.demo.github.refusals import Refusal, impossible, invalid
from automation.demo.github.state import Issue, Ledger, Pull, Repository, Review

CLOSES = re.compile(
    r"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+(?:([\w.-]+/[\w.-]+))?#(\d+)\b", re.IGNORECASE
)
REVIEW_STATES = {"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED"}


def open_pull(
    ledger: Ledger,
    repo: Repository,
    *,
    title: str,
    body: str,
    head: str,
    base: str,
    author: str,
    draft: bool = False,
) -> Issue:
    """Open a pull request, or refuse it as GitHub does. `head` may be `owner:branch`."""
    issue_rules.check_text("PullRequest", title=title, body=body)
    owner, _, branch = head.rpartition(":")
    branches = repo.bare.branches()
    if branch not in branches or owner.lower() not in ("", repo.owner.lower()):
        raise invalid("PullRequest", "head")
    if base not in branches:
        raise invalid("PullRequest", "base")
    for other in open_pulls(repo):
        if other.pull and (other.pull.head_ref, other.pull.base_ref) == (branch, base):
            raise impossible("PullRequest", f"A pull request already exists for {repo.owner}:{branch}.")
    head_sha, base_sha = branches[branch], branches[base]
    if repo.bare.merge_base(base_sha, head_sha) is None:
        raise impossible("PullRequest", f"The {branch} branch has no history in common with {base}")
    if not repo.bare.commits(base_sha, head_sha):
        raise impossible("PullRequest", f"No commits between {base} and {branch}")
    issue = issue_rules.create_issue(ledger, repo, title=title, body=body, author=author)
    issue.pull = Pull(branch, base, head_sha, base_sha, draft=draft)
    repo.bare.git("update-ref", f"refs/pull/{issue.number}/head", head_sha)
    return issue


def open_pulls(repo: Repository) -> list[Issue]:
    return [issue for issue in repo.issues.values() if issue.pull and issue.state == "open"]


def refresh(ledger: Ledger, repo: Repository) -> None:
    """Let open pull requests follow their branches; one whose branch is gone closes."""
    waiting = open_pulls(repo)
    branches = repo.bare.branches() if waiting else {}
    for issue in waiting:
        pull = issue.pull
        if pull is None:
            continue
        pull.base_sha = branches.get(pull.base_ref, pull.base_sha)
        head_sha = branches.get(pull.head_ref)
        if head_sha is None:
            issue_rules.close(ledger, repo, issue, by=issue.author)
        elif head_sha != pull.head_sha:
            pull.head_sha = head_sha
            repo.bare.git("update-ref", f"refs/pull/{issue.number}/head", head_sha)
            ledger.touch(repo, issue)


def merge(ledger: Ledger, repo: Repository, issue: Issue, *, by: str, expected: str | None = None) -> str:
    """Make a real merge commit, answer its SHA, and close the issues that the texts say it fixes."""
    refresh(ledger, repo)
    pull = issue.pull
    if pull is None or issue.state != "open" or pull.draft:
        raise Refusal(405, "Pull Request is not mergeable")
    if expected not in (None, pull.head_sha):
        raise Refusal(409, "Head branch was modified. Review and try the merge again.")
    commits = repo.bare.commits(pull.base_sha, pull.head_sha)
    message = f"Merge pull request #{issue.number} from {repo.owner}/{pull.head_ref}\n\n{issue.title}\n"
    sha = repo.bare.merge(into=pull.base_ref, head=pull.head_sha, message=message, by=by)
    if sha is None:
        raise Refusal(405, "Pull Request is not mergeable")
    issue_rules.close(ledger, repo, issue, by=by)
    pull.merged_at, pull.merged_by, pull.merge_commit_sha = issue.closed_at, by, sha
    if pull.base_ref == repo.default_branch:
        close_fixed(ledger, repo, "\n".join([issue.body, *(commit.message for commit in commits)]), by=by)
    return sha


def close_fixed(ledger: Ledger, repo: Repository, text: str, *, by: str) -> None:
    """Close the issues of this repository that a merged text claims to fix."""
    for named, number in CLOSES.findall(text):
        fixed = repo.issues.get(int(number))
        if fixed and not fixed.pull and named.lower() in ("", repo.full_name.lower()):
            issue_rules.close(ledger, repo, fixed, by=by)


def add_review(
    ledger: Ledger, repo: Repository, issue: Issue, *, event: str, body: str, author: str
) -> Review:
    state = REVIEW_STATES.get(event)
    if issue.pull is None or state is None:
        raise invalid("PullRequestReview", "event", value=event)
    if state != "COMMENTED" and author == issue.author:
        raise Refusal(
            422, "Unprocessable Entity: Can not approve or request changes on your own pull request"
        )
    ledger.touch(repo, issue)
    review = Review(ledger.next_id(), author, state, body, issue.pull.head_sha, issue.updated_at)
    issue.pull.reviews.append(review)
    return review


def describe_mergeable(repo: Repository, issue: Issue) -> tuple[bool | None, str]:
    """GitHub's `mergeable` and `mergeable_state`; unknown once a pull request is closed."""
    if issue.pull is None or issue.state != "open":
        return None, "unknown"
    if repo.bare.merged_tree(issue.pull.base_sha, issue.pull.head_sha) is None:
        return False, "dirty"
    return True, "draft" if issue.pull.draft else "clean"
