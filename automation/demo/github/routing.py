"""From a method and path to the function that answers, with the paging that all lists share."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import unquote, urlencode

from automation.demo.github.payloads import Shapes
from automation.demo.github.refusals import Refusal, moved, not_found
from automation.demo.github.state import Issue, Ledger, Repository

T = TypeVar("T")
REPOSITORY = re.compile(r"/(?:repos/(?P<name>[^/]+/[^/]+)|repositories/(?P<id>\d+))(?P<rest>/.*)?")


@dataclass
class Call:
    """One API request after authentication: who asks for what, and where the answer is to be found."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    login: str
    ledger: Ledger
    shapes: Shapes
    repo: Repository = field(init=False)
    params: dict[str, str] = field(default_factory=dict)

    def issue(self) -> Issue:
        number = int(self.params["number"])
        issue = self.repo.issues.get(number)
        if issue is not None:
            return issue
        if number not in self.repo.left:
            raise not_found()
        new = self.repo.left[number]
        if new is None:
            raise Refusal(410, "This issue was deleted")
        raise moved(f"{self.shapes.api_url}/repositories/{new[0]}/issues/{new[1]}")

    def fields(self) -> dict[str, Any]:
        """The request's JSON object; an empty body counts as an empty one."""
        if self.body is None:
            return {}
        if not isinstance(self.body, dict):
            raise Refusal(422, "Invalid request.\n\nFor 'links/0/schema', the body is not an object.")
        return self.body


@dataclass
class Answer:
    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


Handler = Callable[[Call], Answer]
Route = tuple[str, str, Handler]


class Router:
    """Finds handlers. Templates name the part behind the repository, such as `/issues/{number}`."""

    def __init__(self, *, account: Sequence[Route], repository: Sequence[Route]) -> None:
        self._account = [(method, _pattern(template), handler) for method, template, handler in account]
        self._repository = [(method, _pattern(template), handler) for method, template, handler in repository]

    def answer(self, call: Call) -> Answer:
        rest, routes = call.path, self._account
        if match := REPOSITORY.fullmatch(call.path):
            rest, routes = match["rest"] or "", self._repository
            repo = (
                call.ledger.find(match["name"]) if match["name"] else call.ledger.find_by_id(int(match["id"]))
            )
            former = call.ledger.former_names.get((match["name"] or "").lower())
            if repo is None and former is not None:
                raise moved(f"{call.shapes.api_url}/repositories/{former}{rest}")
            if repo is None or not repo.allows(call.login, "read"):
                raise not_found()
            if repo.archived and call.method != "GET":
                raise Refusal(403, "Repository was archived so is read-only.")
            call.repo = repo
        for method, pattern, handler in routes:
            found = pattern.fullmatch(rest)
            if found and method == call.method:
                call.params = {name: unquote(value) for name, value in found.groupdict().items()}
                return handler(call)
        raise not_found()


def _pattern(template: str) -> re.Pattern[str]:
    parts = {"number": r"\d+", "ref": r".+?"}
    return re.compile(
        re.sub(r"\{(\w+)\}", lambda name: f"(?P<{name[1]}>{parts.get(name[1], '[^/]+')})", template)
    )


def paginate(call: Call, items: Sequence[T], render: Callable[[T], Any], *, wrap: str = "") -> Answer:
    """One page of a list. `Link` names the repository by its id, as GitHub does: follow it."""
    per_page = min(_positive(call.query.get("per_page"), 30), 100)
    page = _positive(call.query.get("page"), 1)
    last = max(1, -(-len(items) // per_page))
    shown: Any = [render(item) for item in items[(page - 1) * per_page : page * per_page]]
    match = REPOSITORY.fullmatch(call.path)
    path = f"/repositories/{call.repo.id}{match['rest'] or ''}" if match else call.path
    numbers = {"prev": page - 1, "next": page + 1, "last": last, "first": 1}
    if page >= last:
        del numbers["next"], numbers["last"]
    if page == 1:
        del numbers["prev"], numbers["first"]
    links = [
        f'<{call.shapes.api_url}{path}?{urlencode(call.query | {"page": str(number)})}>; rel="{rel}"'
        for rel, number in numbers.items()
    ]
    body = {"total_count": len(items), wrap: shown} if wrap else shown
    return Answer(body=body, headers={"Link": ", ".join(links)} if links else {})


def _positive(text: str | None, default: int) -> int:
    return int(text) if text and text.isdecimal() and int(text) > 0 else default
