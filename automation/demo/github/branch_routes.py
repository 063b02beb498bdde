"""REST: one branch, the rules that hold for it, and its classic protection."""

from __future__ import annotations

from typing import Any

from automation.demo.github.refusals import Refusal, not_found
from automation.demo.github.routing import Answer, Call, Route, paginate


def get_branch(call: Call) -> Answer:
    name = call.params["branch"]
    sha = call.repo.bare.branches().get(name)
    if sha is None:
        raise Refusal(404, "Branch not found")
    api = call.shapes.repository_url(call.repo)
    page = f"{call.shapes.web_url}/{call.repo.full_name}/tree/{name}"
    shown = {
        "name": name,
        "commit": _commit(call, sha),
        "_links": {"self": f"{api}/branches/{name}", "html": page},
        "protected": name in call.repo.protections,
        "protection": {"enabled": name in call.repo.protections},
        "protection_url": f"{api}/branches/{name}/protection",
    }
    return Answer(body=shown)


def get_rules(call: Call) -> Answer:
    """Of a branch that need not exist. Whoever sees the repository sees them."""
    approvals = call.repo.rules.get(call.params["branch"])
    rule = {
        "type": "pull_request",
        "ruleset_source_type": "Repository",
        "ruleset_source": call.repo.full_name,
        "ruleset_id": 1,
        "parameters": {
            "dismiss_stale_reviews_on_push": False,
            "require_code_owner_review": False,
            "require_last_push_approval": False,
            "required_approving_review_count": approvals,
            "required_review_thread_resolution": False,
        },
    }
    return paginate(call, [] if approvals is None else [rule], lambda given: given)


def get_protection(call: Call) -> Answer:
    """For administrators alone."""
    if not call.repo.allows(call.login, "admin"):
        raise not_found()
    approvals = call.repo.protections.get(call.params["branch"])
    if approvals is None:
        raise Refusal(404, "Branch not protected")
    reviews = {
        "dismiss_stale_reviews": False,
        "require_code_owner_reviews": False,
        "required_approving_review_count": approvals,
    }
    return Answer(body={"required_pull_request_reviews": reviews})


def _commit(call: Call, sha: str) -> dict[str, Any]:
    api, bare = call.shapes.repository_url(call.repo), call.repo.bare
    form = "%T%x00%an%x00%ae%x00%aI%x00%B"
    tree, name, email, at, message = bare.git("log", "-1", f"--format={form}", sha).split("\0")
    person = {"name": name, "email": email, "date": at}
    return {
        "url": f"{api}/commits/{sha}",
        "sha": sha,
        "node_id": f"C_{sha}",
        "html_url": f"{call.shapes.web_url}/{call.repo.full_name}/commit/{sha}",
        "comments_url": f"{api}/commits/{sha}/comments",
        "commit": {
            "url": f"{api}/git/commits/{sha}",
            "author": person,
            "committer": person,
            "message": message.strip(),
            "comment_count": 0,
            "tree": {"sha": tree, "url": f"{api}/git/trees/{tree}"},
        },
        "author": None,
        "committer": None,
        "parents": [],
    }


ROUTES: list[Route] = [
    ("GET", "/rules/branches/{branch}", get_rules),
    ("GET", "/branches/{branch}/protection", get_protection),
    ("GET", "/branches/{branch}", get_branch),
]
