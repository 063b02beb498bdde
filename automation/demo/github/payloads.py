"""The JSON that GitHub shows for users, repositories, labels, issues and comments."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from automation.demo.github.state import PERMISSIONS, Comment, Issue, Label, Ledger, Milestone, Repository

Json = dict[str, Any]

USER_URLS = {
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
    "organizations_url": "/orgs",
    "repos_url": "/repos",
    "events_url": "/events{/privacy}",
    "received_events_url": "/received_events",
}
REPOSITORY_URLS = {
    f"{name}_url": "/" + tail
    for name, tail in {
        "archive": "{archive_format}{/ref}",
        "assignees": "assignees{/user}",
        "blobs": "git/blobs{/sha}",
        "branches": "branches{/branch}",
        "collaborators": "collaborators{/collaborator}",
        "comments": "comments{/number}",
        "commits": "commits{/sha}",
        "compare": "compare/{base}...{head}",
        "contents": "contents/{+path}",
        "git_commits": "git/commits{/sha}",
        "git_refs": "git/refs{/sha}",
        "git_tags": "git/tags{/sha}",
        "issue_comment": "issues/comments{/number}",
        "issue_events": "issues/events{/number}",
        "issues": "issues{/number}",
        "keys": "keys{/key_id}",
        "labels": "labels{/name}",
        "milestones": "milestones{/number}",
        "notifications": "notifications{?since,all,participating}",
        "pulls": "pulls{/number}",
        "releases": "releases{/id}",
        "statuses": "statuses/{sha}",
        "trees": "git/trees{/sha}",
    }.items()
} | {
    f"{name}_url": "/" + name
    for name in (
        *("contributors", "deployments", "downloads", "events", "forks", "hooks", "languages", "merges"),
        *("stargazers", "subscribers", "subscription", "tags", "teams"),
    )
}
COUNTS = ("forks", "forks_count", "stargazers_count", "watchers", "watchers_count", "size")


def stamp(moment: datetime | None) -> str | None:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


class Shapes:
    """Renders the ledger for one server address."""

    def __init__(self, ledger: Ledger, *, api_url: str, web_url: str) -> None:
        self.ledger = ledger
        self.api_url = api_url
        self.web_url = web_url
        self._users: dict[str, Json] = {}

    def user(self, login: str) -> Json:
        if login not in self._users:
            url = f"{self.api_url}/users/{login}"
            number = self.ledger.user_id(login)
            owners = {repo.owner for repo in self.ledger.repositories.values()}
            self._users[login] = {
                "login": login,
                "id": number,
                "node_id": f"U_{number}",
                "avatar_url": f"{self.web_url}/avatars/{login}",
                "gravatar_id": "",
                "url": url,
                "html_url": f"{self.web_url}/{login}",
                "type": "Bot" if login.endswith("[bot]") else "Organization" if login in owners else "User",
                "site_admin": False,
            } | {name: url + tail for name, tail in USER_URLS.items()}
        return self._users[login]

    def maybe_user(self, login: str | None) -> Json | None:
        return self.user(login) if login else None

    def repository_url(self, repo: Repository) -> str:
        return f"{self.api_url}/repos/{repo.full_name}"

    def minimal_repository(self, repo: Repository) -> Json:
        url = self.repository_url(repo)
        return {
            "id": repo.id,
            "node_id": f"R_{repo.id}",
            "name": repo.name,
            "full_name": repo.full_name,
            "private": repo.private,
            "owner": self.user(repo.owner),
            "html_url": f"{self.web_url}/{repo.full_name}",
            "description": None,
            "fork": False,
            "url": url,
        } | {name: url + tail for name, tail in REPOSITORY_URLS.items()}

    def repository(self, repo: Repository, *, viewer: str) -> Json:
        web = f"{self.web_url}/{repo.full_name}"
        rank = PERMISSIONS.index(repo.permission(viewer))
        named = {
            "pull": "read",
            "triage": "triage",
            "push": "write",
            "maintain": "maintain",
            "admin": "admin",
        }
        open_issues = sum(issue.state == "open" for issue in repo.issues.values())
        return self.minimal_repository(repo) | {
            "clone_url": f"{web}.git",
            "git_url": f"{web}.git".replace("http:", "git:"),
            "ssh_url": f"git@127.0.0.1:{repo.full_name}.git",
            "svn_url": web,
            "mirror_url": None,
            "homepage": None,
            "language": "Python",
            "license": None,
            "default_branch": repo.default_branch,
            "archived": repo.archived,
            "disabled": False,
            "has_issues": True,
            "has_projects": False,
            "has_wiki": False,
            "has_pages": False,
            "has_discussions": False,
            "has_downloads": False,
            "open_issues": open_issues,
            "open_issues_count": open_issues,
            "network_count": 0,
            "subscribers_count": 0,
            "pushed_at": stamp(repo.created_at),
            "created_at": stamp(repo.created_at),
            "updated_at": stamp(repo.created_at),
            "permissions": {name: rank >= PERMISSIONS.index(needed) for name, needed in named.items()},
            **dict.fromkeys(COUNTS, 0),
        }

    def label(self, repo: Repository, label: Label) -> Json:
        return {
            "id": label.id,
            "node_id": f"LA_{label.id}",
            "url": f"{self.repository_url(repo)}/labels/{label.name}",
            "name": label.name,
            "color": label.color,
            "default": False,
            "description": label.description,
        }

    def milestone(self, repo: Repository, milestone: Milestone | None) -> Json | None:
        if milestone is None:
            return None
        url = f"{self.repository_url(repo)}/milestones/{milestone.number}"
        return {
            "url": url,
            "html_url": f"{self.web_url}/{repo.full_name}/milestone/{milestone.number}",
            "labels_url": f"{url}/labels",
            "id": milestone.id,
            "node_id": f"MI_{milestone.id}",
            "number": milestone.number,
            "state": "open",
            "title": milestone.title,
            "description": None,
            "creator": self.user(repo.owner),
            "open_issues": 0,
            "closed_issues": 0,
            "created_at": stamp(milestone.created_at),
            "updated_at": stamp(milestone.created_at),
            "closed_at": None,
            "due_on": None,
        }

    def issue_page(self, repo: Repository, issue: Issue) -> str:
        return f"{self.web_url}/{repo.full_name}/{'pull' if issue.pull else 'issues'}/{issue.number}"

    def common(self, repo: Repository, issue: Issue) -> Json:
        """What an issue and a pull request both show."""
        return {
            "id": issue.id,
            "html_url": self.issue_page(repo, issue),
            "number": issue.number,
            "state": issue.state,
            "locked": issue.locked,
            "title": issue.title,
            "body": issue.body or None,
            "user": self.user(issue.author),
            "author_association": repo.association(issue.author),
            "labels": [self.label(repo, label) for label in issue.labels],
            "assignee": self.maybe_user(next(iter(issue.assignees), None)),
            "assignees": [self.user(login) for login in issue.assignees],
            "milestone": self.milestone(repo, issue.milestone),
            "created_at": stamp(issue.created_at),
            "updated_at": stamp(issue.updated_at),
            "closed_at": stamp(issue.closed_at),
        }

    def issue(self, repo: Repository, issue: Issue) -> Json:
        url = f"{self.repository_url(repo)}/issues/{issue.number}"
        shown = self.common(repo, issue) | {
            "node_id": f"I_{issue.id}",
            "url": url,
            "repository_url": self.repository_url(repo),
            "labels_url": url + "/labels{/name}",
            "comments_url": f"{url}/comments",
            "events_url": f"{url}/events",
            "timeline_url": f"{url}/timeline",
            "comments": len(issue.comments),
            "state_reason": issue.state_reason,
            "closed_by": self.maybe_user(issue.closed_by),
            "performed_via_github_app": None,
        }
        if issue.pull:
            page = self.issue_page(repo, issue)
            shown["draft"] = issue.pull.draft
            shown["pull_request"] = {
                "url": f"{self.repository_url(repo)}/pulls/{issue.number}",
                "html_url": page,
                "diff_url": f"{page}.diff",
                "patch_url": f"{page}.patch",
                "merged_at": stamp(issue.pull.merged_at),
            }
        return shown

    def comment(self, repo: Repository, issue: Issue, comment: Comment) -> Json:
        return {
            "id": comment.id,
            "node_id": f"IC_{comment.id}",
            "url": f"{self.repository_url(repo)}/issues/comments/{comment.id}",
            "html_url": f"{self.issue_page(repo, issue)}#issuecomment-{comment.id}",
            "issue_url": f"{self.repository_url(repo)}/issues/{issue.number}",
            "body": comment.body,
            "user": self.user(comment.author),
            "created_at": stamp(comment.created_at),
            "updated_at": stamp(comment.updated_at),
            "author_association": repo.association(comment.author),
            "performed_via_github_app": None,
        }
