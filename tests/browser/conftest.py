"""Fixtures of the browser tests: Chromium, and the product with the scene in it, served by gunicorn."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.watching import Visitor, launched

ROOT = Path(__file__).resolve().parent.parent.parent
HERE = Path(__file__).resolve().parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture(scope="session")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The scene, served as in production: `url`, `password`, `people` and the keys of its rows. Only for reading."""
    line = [sys.executable, "-m", "tests.pictures", "serve", "--port", "0", "--product", "--json"]
    log = tmp_path_factory.mktemp("scene") / "server.log"
    with (
        log.open("w") as errors,
        subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True) as server,
    ):
        try:
            assert server.stdout is not None
            said = server.stdout.readline()
            assert said, log.read_text()
            yield json.loads(said)
        finally:
            server.terminate()


@pytest.fixture
def visit(browser: Browser, scene: dict[str, Any]) -> Iterator[Callable[..., Visitor]]:
    """`visit("manager", color_scheme="dark")`: a logged-in window on the scene; nothing may be complained of."""
    opened: list[Visitor] = []

    def open_window(role: str = "", **options: Any) -> Visitor:
        visitor = Visitor(browser, scene["url"], **options)
        opened.append(visitor)
        if role:
            visitor.log_in(scene["people"][role], scene["password"])
        return visitor

    yield open_window
    for visitor in opened:
        visitor.context.close()
    complaints = [complaint for visitor in opened for complaint in visitor.complaints]
    assert not complaints, "\n".join(complaints)
