"""Fixtures that every test may use: a GitHub stand-in with one filled repository, judged by the referee."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.cache import cache

from automation.demo import origin
from automation.demo.github import StandIn
from tests.referee import assert_valid


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    """Rows of different tests bear the same ids, and pages remember figures by ids."""
    cache.clear()


@pytest.fixture
def token() -> str:
    """A token that the stand-in accepts; its login is `autowrkers-bot`."""
    return "ghp_standin" + "0" * 29


@pytest.fixture
def hub(tmp_path: Path, token: str) -> Iterator[StandIn]:
    """A stand-in with `acme/calc`. Afterwards every recorded API exchange must fit GitHub's description.

    A test that asks nonsense on purpose ends with `hub.requests.clear()`.
    """
    with StandIn({token: "autowrkers-bot"}, root=tmp_path / "github") as hub:
        repo = hub.create_repository("acme/calc")
        origin.fill(repo.bare)
        yield hub
    assert_valid(hub.requests)
