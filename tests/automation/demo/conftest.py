"""A plain HTTP client for the stand-in, so that its tests do not lean on the product's own client."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from automation.demo.github import StandIn


class Api(requests.Session):
    """Paths are relative to the API of the one repository, or to the API when they begin with `//`."""

    def __init__(self, hub: StandIn, token: str) -> None:
        super().__init__()
        self.trust_env = False
        self.headers["Authorization"] = f"Bearer {token}"
        self.base = hub.api_url

    def ask(self, method: str, path: str = "", **kwargs) -> requests.Response:
        if path.startswith("//"):
            path = path[1:]
        elif not path.startswith("http"):
            path = f"/repos/acme/calc{path}"
        url = path if path.startswith("http") else self.base + path
        return self.request(method, url, timeout=10, **kwargs)


@pytest.fixture
def api(hub: StandIn, token: str) -> Iterator[Api]:
    with Api(hub, token) as session:
        yield session


@pytest.fixture
def branch(hub: StandIn):
    """Commit a change on a branch of the stand-in's repository, as a push would have; answers its SHA."""

    def commit(
        name: str = "feature/issue-1", path: str = "NEWS.md", text: str = "new\n", message: str = "Add news"
    ) -> str:
        bare = hub.repository("acme/calc").bare
        parent = bare.resolve(name) or bare.resolve("main")
        content, said = text.encode(), message.encode()
        stream = (
            f"commit refs/heads/{name}\ncommitter Dora <dora@example.com> 1767900000 +0000\n"
            f"data {len(said)}\n{message}\nfrom {parent}\n"
            f"M 100644 inline {path}\ndata {len(content)}\n{text}\n"
        )
        bare.git("fast-import", "--quiet", stdin=stream.encode())
        return bare.resolve(name)

    return commit
