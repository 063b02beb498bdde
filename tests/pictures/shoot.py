"""Pictures of the real pages: `docs/pictures/*.png`, each of a fixed size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.browser.watching import PHONE, WIDE, Visitor, launched
from tests.pictures.surroundings import ROOT, web_server

FOLDER = ROOT / "docs" / "pictures"
LARGEST = 150_000
Prepare = Callable[[Page], None]


def nothing(page: Page) -> None:
    """The page as it opens."""


def checked(page: Page) -> None:
    page.locator(".link-check[data-state=waiting]").first.wait_for(state="detached", timeout=30_000)
    page.wait_for_function("!document.querySelector('[data-state=waiting], [aria-busy]')", timeout=30_000)


def described(page: Page) -> None:
    page.locator(".opblock").first.wait_for(timeout=60_000)


def made(page: Page) -> None:
    page.get_by_label("Name").fill("deploy")
    page.get_by_role("button", name="Save").click()
    page.locator("#token").wait_for()


@dataclass(frozen=True)
class Picture:
    """`path` may name facts of the scene: `/admin/session/{failed}/`."""

    name: str
    path: str
    role: str = "manager"
    scheme: str = "light"
    is_phone: bool = False
    height: int = WIDE[1]
    prepare: Prepare = nothing


PICTURES = (
    Picture("login-light", "/admin/login/", role=""),
    Picture("projects-light", "/admin/"),
    Picture("projects-dark", "/admin/", scheme="dark"),
    Picture("projects-phone", "/admin/", is_phone=True),
    Picture("projects-empty-light", "/admin/", role="stranger", height=420),
    Picture("board-light", "/admin/project/{project}/"),
    Picture("board-dark", "/admin/project/{project}/", scheme="dark"),
    Picture("board-phone", "/admin/project/{project}/", is_phone=True),
    Picture("session-failed-light", "/admin/session/{failed}/"),
    Picture("session-failed-phone", "/admin/session/{failed}/", is_phone=True),
    Picture("attempts-light", "/admin/session/{failed}/?tab=attempts", height=700),
    Picture("verification-light", "/admin/session/{failed}/?tab=verification"),
    Picture("log-light", "/admin/session/{failed}/?tab=log"),
    Picture("log-dark", "/admin/session/{running}/?tab=log", scheme="dark"),
    Picture("log-phone", "/admin/session/{running}/?tab=log", is_phone=True),
    Picture("diff-light", "/admin/session/{report}/?tab=diff"),
    Picture("diff-dark", "/admin/session/{report}/?tab=diff", scheme="dark"),
    Picture("timeline-light", "/admin/session/{failed}/?tab=timeline"),
    Picture("attention-light", "/admin/attention/"),
    Picture("attention-phone", "/admin/attention/", is_phone=True),
    Picture("analytics-light", "/admin/analytics/", height=1100),
    Picture("analytics-dark", "/admin/analytics/", scheme="dark", height=1100),
    Picture("deliveries-light", "/admin/deliveries/", height=700),
    Picture("deliveries-dark", "/admin/deliveries/", scheme="dark", height=700),
    Picture("deliveries-phone", "/admin/deliveries/", is_phone=True),
    Picture("webhook-light", "/admin/project/{project}/webhook/", height=680),
    Picture("clusters-light", "/admin/clusters/", role="superuser", height=820),
    Picture("clusters-dark", "/admin/clusters/", role="superuser", scheme="dark", height=820),
    Picture("clusters-phone", "/admin/clusters/", role="superuser", is_phone=True),
    Picture("github-app-light", "/admin/github-app/", role="superuser", height=720),
    Picture("account-light", "/admin/github-account/", height=420),
    Picture("token-light", "/admin/projects/apitoken/add/", height=720),
    Picture("doctor-light", "/admin/doctor/", role="superuser"),
    Picture("link-light", "/admin/link/", role="superuser"),
    Picture("checks-light", "/admin/project/{empty}/checks/", prepare=checked),
    Picture("dry-run-light", "/admin/project/{project}/dry-run/", height=760),
    Picture("start-all-light", "/admin/project/{project}/start-all/", height=500),
    Picture("pause-light", "/admin/project/{project}/pause/", height=560),
    Picture("pause-everything-light", "/admin/pause/", height=560),
    Picture("settings-light", "/admin/projects/project/{project}/change/"),
    Picture("issues-light", "/admin/issues/issuesession/", height=760),
    Picture("data-light", "/admin/data/", role="superuser"),
    Picture("not-found-light", "/admin/session/999999/", height=420),
    Picture("answer-root-light", "/api/", role="superuser", height=760),
    Picture("answer-light", "/api/projects/{project}", role="superuser"),
    Picture("answer-dark", "/api/projects/{project}", role="superuser", scheme="dark"),
    Picture("token-made-light", "/admin/projects/apitoken/add/", height=420, prepare=made),
    Picture("stop-light", "/admin/session/{running}/stop/", height=480),
    Picture("archive-light", "/admin/projects/project/{project}/delete/", height=480),
    Picture("api-light", "/api/docs", role="superuser", prepare=described),
)


def shoot(facts: dict[str, Any], wanted: list[str]) -> list[str]:
    """Take the pictures whose names begin with one of `wanted` (all without any); what is wrong with them."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    chosen = [each for each in PICTURES if not wanted or each.name.startswith(tuple(wanted))]
    wrong = []
    with web_server(facts["url"], live=False), launched() as browser:
        for picture in chosen:
            size = PHONE if picture.is_phone else (WIDE[0], picture.height)
            visitor = Visitor(browser, facts["url"], size=size, color_scheme=picture.scheme)
            if picture.role:
                visitor.log_in(facts["people"][picture.role], facts["password"])
            path = FOLDER / f"{picture.name}.png"
            _take(visitor, picture, picture.path.format(**facts), path)
            wrong += [f"{picture.name}: {complaint}" for complaint in visitor.complaints]
            if path.stat().st_size > LARGEST:
                wrong.append(f"{picture.name}: {path.stat().st_size:,} bytes")
            visitor.context.close()
    return wrong


def _take(visitor: Visitor, picture: Picture, address: str, path: Path) -> None:
    visitor.page.goto(address)
    picture.prepare(visitor.page)
    visitor.page.wait_for_timeout(300)
    visitor.page.screenshot(path=path, animations="disabled", caret="hide")
