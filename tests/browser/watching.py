"""A browser that notes everything a page should not do: errors, broken policy, requests to other hosts."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ONLY_THIS_MACHINE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
NAMES = ("chromium", "chromium-browser", "google-chrome")
WIDE, PHONE = (1280, 900), (390, 844)
SIZES = {"1280": WIDE, "390": PHONE}


def find_chromium() -> str:
    """Where Chromium is; without it these tests are skipped, in CI they fail."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if found:
        return found
    reason = "No Chromium: apt-get install chromium, or name one in CHROMIUM."
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def launched() -> Iterator[Browser]:
    """Playwright keeps an event loop in this thread, which Django would take for a mistake."""
    path = find_chromium()
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    try:
        with sync_playwright() as playwright:
            args = ["--no-sandbox", "--disable-gpu", ONLY_THIS_MACHINE]
            browser = playwright.chromium.launch(executable_path=path, args=args)
            try:
                yield browser
            finally:
                browser.close()
    finally:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


class Visitor:
    """One person's browser window on the site at `url`. `complaints` must stay empty."""

    def __init__(self, browser: Browser, url: str, *, size: tuple[int, int] = WIDE, **options: Any) -> None:
        viewport = {"width": size[0], "height": size[1]}
        self.url = url
        self.complaints: list[str] = []
        self.context: BrowserContext = browser.new_context(base_url=url, viewport=viewport, **options)
        self.context.set_default_timeout(15_000)
        self.page: Page = self.context.new_page()
        self.context.on("console", self._note_console)
        self.context.on("weberror", lambda error: self.complaints.append(f"exception: {error.error}"))
        self.context.on("request", self._note_request)

    def log_in(self, username: str, password: str) -> None:
        self.page.goto("/admin/login/")
        self.page.get_by_label("Username").fill(username)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Log in").click()
        self.page.wait_for_url(f"{self.url}/admin/")

    def has_sideways_scroll(self) -> bool:
        return bool(self.page.evaluate("document.scrollingElement.scrollWidth > window.innerWidth"))

    def _note_console(self, message: Any) -> None:
        """The browser itself reports a 4xx answer as an error, also of a page that we ask for on purpose."""
        if message.type == "error" and "the server responded with a status of 4" not in message.text:
            self.complaints.append(f"{message.location.get('url', '')}: {message.text}")

    def _note_request(self, request: Any) -> None:
        if not request.url.startswith((f"{self.url}/", "data:")):
            self.complaints.append(f"request to another host: {request.url}")
