"""Answers as GitHub gives them, cut to what is read. Every function takes changes to single fields."""

from __future__ import annotations

MOMENT = "2026-03-01T12:00:00Z"
WEB = "https://github.com/octocat/hello"


def repository(**changes):
    return {
        "id": 42,
        "full_name": "octocat/hello",
        "default_branch": "main",
        "archived": False,
        "private": True,
        "html_url": WEB,
        "permissions": {"admin": False, "push": True, "pull": True},
    } | changes


def issue(**changes):
    number = changes.get("number", 7)
    return {
        "number": number,
        "title": "Division by zero",
        "body": "It *fails*.",
        "labels": [{"name": "bug"}, {"name": "good first issue"}],
        "state": "open",
        "state_reason": None,
        "user": {"login": "octocat"},
        "author_association": "OWNER",
        "assignees": [{"login": "hubot"}],
        "milestone": {"title": "v1"},
        "html_url": f"{WEB}/issues/{number}",
        "repository_url": "https://api.github.com/repos/octocat/hello",
        "created_at": MOMENT,
        "updated_at": MOMENT,
        "locked": False,
    } | changes


def comment(**changes):
    return {
        "id": 1,
        "body": "Done.",
        "user": {"login": "octocat"},
        "created_at": MOMENT,
        "html_url": f"{WEB}/issues/7#issuecomment-1",
    } | changes


def pull_request(**changes):
    return {
        "number": 8,
        "state": "open",
        "draft": False,
        "merged_at": None,
        "merged_by": None,
        "merge_commit_sha": "c" * 40,
        "head": {"ref": "feature/issue-7", "sha": "a" * 40, "repo": {"full_name": "octocat/hello"}},
        "base": {"ref": "main"},
        "body": "Fixes #7",
        "user": {"login": "octocat"},
        "html_url": f"{WEB}/pull/8",
        "title": "Fix division by zero",
        "mergeable": None,
    } | changes


def review(state, *, login="reviewer", association="MEMBER"):
    return {"state": state, "user": {"login": login}, "author_association": association}


def check_run(status="completed", conclusion="success"):
    return {"status": status, "conclusion": conclusion}
