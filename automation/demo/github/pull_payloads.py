"""The JSON that GitHub shows for pull requests, commits, reviews, check runs and statuses."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from automation.demo.github import pull_rules
from automation.demo.github.bare import CommitFacts
from automation.demo.github.payloads import Json, Shapes, stamp
from automation.demo.github.state import CheckRun, Issue, Pull, Repository, Review, Status

SHORTSTAT = re.compile(r"(\d+) (file|insertion|deletion)")


def pull_summary(shapes: Shapes, repo: Repository, issue: Issue, pull: Pull, *, viewer: str) -> Json:
    """A pull request as lists show it: `merged`, `mergeable` and the counts are missing."""
    api, page = shapes.repository_url(repo), shapes.issue_page(repo, issue)
    url, issue_url = f"{api}/pulls/{issue.number}", f"{api}/issues/{issue.number}"
    links = {
        "self": url,
        "html": page,
        "issue": issue_url,
        "comments": f"{issue_url}/comments",
        "review_comments": f"{url}/comments",
        "review_comment": f"{api}/pulls/comments{{/number}}",
        "commits": f"{url}/commits",
        "statuses": f"{api}/statuses/{pull.head_sha}",
    }
    # An open pull request names the commit of GitHub's own test merge here: no evidence of a merge.
    test_merge = hashlib.sha1(f"{pull.base_sha}{pull.head_sha}".encode(), usedforsecurity=False).hexdigest()
    named = {f"{name}_url": links[name] for name in links if name not in ("self", "html")}
    return (
        shapes.common(repo, issue)
        | named
        | {
            "id": issue.id + 1_000_000,
            "node_id": f"PR_{issue.id}",
            "url": url,
            "diff_url": f"{page}.diff",
            "patch_url": f"{page}.patch",
            "draft": pull.draft,
            "merged_at": stamp(pull.merged_at),
            "merge_commit_sha": pull.merge_commit_sha or test_merge,
            "auto_merge": None,
            "requested_reviewers": [],
            "requested_teams": [],
            "head": _side(shapes, repo, pull.head_ref, pull.head_sha, viewer=viewer),
            "base": _side(shapes, repo, pull.base_ref, pull.base_sha, viewer=viewer),
            "_links": {name: {"href": link} for name, link in links.items()},
        }
    )


def _side(shapes: Shapes, repo: Repository, ref: str, sha: str, *, viewer: str) -> Json:
    shown = shapes.repository(repo, viewer=viewer)
    return {
        "label": f"{repo.owner}:{ref}",
        "ref": ref,
        "sha": sha,
        "user": shapes.user(repo.owner),
        "repo": shown,
    }


def pull_details(shapes: Shapes, repo: Repository, issue: Issue, pull: Pull, *, viewer: str) -> Json:
    stat = repo.bare.diff(pull.base_sha, pull.head_sha, "--shortstat")
    counts = {word: int(number) for number, word in SHORTSTAT.findall(stat)}
    mergeable, mergeable_state = pull_rules.describe_mergeable(repo, issue)
    return pull_summary(shapes, repo, issue, pull, viewer=viewer) | {
        "merged": pull.merged_at is not None,
        "merged_by": shapes.maybe_user(pull.merged_by),
        "mergeable": mergeable,
        "mergeable_state": mergeable_state,
        "rebaseable": mergeable,
        "maintainer_can_modify": False,
        "comments": len(issue.comments),
        "review_comments": 0,
        "commits": len(repo.bare.commits(pull.base_sha, pull.head_sha)),
        "changed_files": counts.get("file", 0),
        "additions": counts.get("insertion", 0),
        "deletions": counts.get("deletion", 0),
    }


def commit(shapes: Shapes, repo: Repository, facts: CommitFacts) -> Json:
    api, web = shapes.repository_url(repo), f"{shapes.web_url}/{repo.full_name}"
    person = {"name": facts.author_name, "email": facts.author_email, "date": facts.authored_at}
    url = f"{api}/commits/{facts.sha}"
    return {
        "url": url,
        "sha": facts.sha,
        "node_id": f"C_{facts.sha}",
        "html_url": f"{web}/commit/{facts.sha}",
        "comments_url": f"{url}/comments",
        "commit": {
            "url": f"{api}/git/commits/{facts.sha}",
            "author": person,
            "committer": person,
            "message": facts.message,
            "comment_count": 0,
            "tree": {"sha": facts.tree, "url": f"{api}/git/trees/{facts.tree}"},
        },
        "author": None,
        "committer": None,
        "parents": [{"sha": sha, "url": f"{api}/commits/{sha}"} for sha in facts.parents],
    }


def review(shapes: Shapes, repo: Repository, issue: Issue, given: Review) -> Json:
    page = f"{shapes.issue_page(repo, issue)}#pullrequestreview-{given.id}"
    pull_url = f"{shapes.repository_url(repo)}/pulls/{issue.number}"
    return {
        "id": given.id,
        "node_id": f"PRR_{given.id}",
        "user": shapes.user(given.author),
        "body": given.body,
        "state": given.state,
        "html_url": page,
        "pull_request_url": pull_url,
        "_links": {"html": {"href": page}, "pull_request": {"href": pull_url}},
        "submitted_at": stamp(given.submitted_at),
        "commit_id": given.commit_sha,
        "author_association": repo.association(given.author),
    }


def check_run(shapes: Shapes, repo: Repository, run: CheckRun) -> Json:
    url = f"{shapes.repository_url(repo)}/check-runs/{run.id}"
    return {
        "id": run.id,
        "node_id": f"CR_{run.id}",
        "head_sha": run.sha,
        "external_id": "",
        "name": run.name,
        "url": url,
        "html_url": None,
        "details_url": None,
        "status": run.status,
        "conclusion": run.conclusion,
        "started_at": stamp(run.started_at),
        "completed_at": stamp(run.completed_at),
        "output": {
            "title": None,
            "summary": None,
            "text": None,
            "annotations_count": 0,
            "annotations_url": f"{url}/annotations",
        },
        "check_suite": {"id": run.id},
        "app": None,
        "pull_requests": [],
    }


def combined_status(shapes: Shapes, repo: Repository, sha: str, statuses: Sequence[Status]) -> Json:
    """GitHub's sum of a commit's statuses, which says "pending" also when there are none."""
    states = {given.state for given in statuses}
    failed = bool(states & {"error", "failure"})
    url = f"{shapes.repository_url(repo)}/commits/{sha}"
    return {
        "state": "failure" if failed else "success" if states == {"success"} else "pending",
        "statuses": [status(shapes, repo, given) for given in statuses],
        "sha": sha,
        "total_count": len(statuses),
        "repository": shapes.minimal_repository(repo),
        "commit_url": url,
        "url": f"{url}/status",
    }


def status(shapes: Shapes, repo: Repository, given: Status) -> Json:
    return {
        "id": given.id,
        "node_id": f"SC_{given.id}",
        "url": f"{shapes.repository_url(repo)}/statuses/{given.sha}",
        "avatar_url": f"{shapes.web_url}/avatars/{given.creator}",
        "state": given.state,
        "description": given.description,
        "target_url": None,
        "context": given.context,
        "created_at": stamp(given.created_at),
        "updated_at": stamp(given.created_at),
    }
