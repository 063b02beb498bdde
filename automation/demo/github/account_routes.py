"""REST: the token's user, and the repository itself with its branches, milestones and permissions."""

from __future__ import annotations

from automation.demo.github.routing import Answer, Call, Route, paginate


def get_user(call: Call) -> Answer:
    counts = ("public_repos", "public_gists", "private_gists", "followers", "following", "disk_usage")
    more = ("collaborators", "total_private_repos", "owned_private_repos")
    nothing = ("name", "company", "blog", "location", "email", "hireable", "bio")
    private = {
        "two_factor_authentication": True,
        "user_view_type": "private",
        "created_at": "2020-01-01T00:00:00Z",
        "updated_at": "2020-01-01T00:00:00Z",
        **dict.fromkeys(nothing),
        **dict.fromkeys((*counts, *more), 0),
    }
    return Answer(body=call.shapes.user(call.login) | private)


def list_organizations(call: Call) -> Answer:
    def show(name: str) -> dict[str, object]:
        url = f"{call.shapes.api_url}/orgs/{name}"
        tails = {"members": "members{/member}", "public_members": "public_members{/member}"}
        urls = {
            f"{tail}_url": f"{url}/{tails.get(tail, tail)}" for tail in ("repos", "events", "hooks", "issues")
        }
        urls |= {f"{tail}_url": f"{url}/{rest}" for tail, rest in tails.items()}
        number = call.ledger.user_id(name)
        shown = {"login": name, "id": number, "node_id": f"O_{number}", "url": url, "description": None}
        return shown | urls | {"avatar_url": f"{call.shapes.web_url}/avatars/{name}"}

    return paginate(call, sorted(call.ledger.organizations.get(call.login, ())), show)


def get_repository(call: Call) -> Answer:
    shown = call.shapes.repository(call.repo, viewer=call.login)
    if call.login.endswith("[bot]"):  # an App has permissions of its own, and none of a collaborator's
        shown["permissions"] = dict.fromkeys(shown["permissions"], False)
    return Answer(body=shown)


def list_branches(call: Call) -> Answer:
    api = call.shapes.repository_url(call.repo)

    def show(pair: tuple[str, str]) -> dict[str, object]:
        name, sha = pair
        return {"name": name, "commit": {"sha": sha, "url": f"{api}/commits/{sha}"}, "protected": False}

    return paginate(call, list(call.repo.bare.branches().items()), show)


def get_permission(call: Call) -> Answer:
    login = call.params["user"]
    role = call.repo.permission(login)
    coarse = {"triage": "read", "maintain": "write"}.get(role, role)
    user = call.shapes.user(login) | {"role_name": role}
    return Answer(body={"permission": coarse, "role_name": role, "user": user})


def list_milestones(call: Call) -> Answer:
    milestones = list(call.repo.milestones.values())
    return paginate(call, milestones, lambda given: call.shapes.milestone(call.repo, given))


ACCOUNT_ROUTES: list[Route] = [("GET", "/user", get_user), ("GET", "/user/orgs", list_organizations)]
REPOSITORY_ROUTES: list[Route] = [
    ("GET", "", get_repository),
    ("GET", "/branches", list_branches),
    ("GET", "/collaborators/{user}/permission", get_permission),
    ("GET", "/milestones", list_milestones),
]
