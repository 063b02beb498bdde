"""Both sides of a live log: an agent's run that tells its transcript, and a person who reads it in Chromium."""

from __future__ import annotations

import re

from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from issues.states import Status
from tests.browser.watching import Visitor

LONGEST_PAUSE = 30_000
MOST_POLLS = 60
AT_THE_END = "log => log.scrollHeight - log.scrollTop - log.clientHeight < 2"


class Run:
    """An attempt that an agent works on, told to its transcript as the runner does it."""

    def __init__(self, transcript, attempt):
        self.transcript, self.attempt = transcript, attempt
        self.written = 0

    @property
    def url(self):
        return reverse("admin:session", args=[self.attempt.issue_session_id]) + "?tab=log"

    def tell(self, *lines):
        self.transcript.write_lines("stdout", [line.encode() for line in lines])
        self.written += len(lines)

    def tell_lines(self, count):
        self.tell(*(f"line {number}" for number in range(self.written, self.written + count)))

    def end(self, status=Status.FAILED):
        self.attempt.ended_at, self.attempt.outcome = timezone.now(), "done"
        self.attempt.save()
        self.attempt.issue_session.status = status
        self.attempt.issue_session.save()


class Reader(Visitor):
    """A person who reads the log, and what their page asks the server for."""

    def __init__(self, browser, url, run, **options):
        super().__init__(browser, url, **options)
        self.run = run
        self.asked = []
        self.context.on("request", lambda request: self.asked.append(request.url))
        self.page.clock.install()

    @property
    def status(self):
        return self.page.locator("#log-status")

    @property
    def log(self):
        return self.page.locator("#log")

    @property
    def jump(self):
        return self.page.get_by_role("button", name="Jump to latest")

    def row(self, anchor):
        return self.page.locator(f'[id="{anchor}"]')

    def rows(self):
        return self.log.locator(".event").evaluate_all("rows => rows.map(row => row.id)")

    def is_at_the_end(self):
        return self.log.evaluate(AT_THE_END)

    def read(self, live="Live"):
        self.page.goto(self.run.url)
        expect(self.status).to_have_text(live)

    def polls(self):
        """All requests for news so far: what the page asked before the fence has been noted when that is."""
        fence = f"/static/automation/log.css?{len(self.asked)}"
        self.page.evaluate("async url => { await (await fetch(url)).text(); }", fence)
        assert any(url.endswith(fence) for url in self.asked)
        return sum("/events/" in url for url in self.asked)

    def hurry(self):
        """Put the clock forward to the next poll, and wait for its answer."""
        with self.page.expect_response(re.compile("/events/")):
            self.page.clock.fast_forward(LONGEST_PAUSE)

    def see(self, anchor):
        for _ in range(MOST_POLLS):
            if self.row(anchor).count():
                return
            self.hurry()
        raise AssertionError(f"{anchor} does not come: {self.status.inner_text()}")

    def asks_no_more(self):
        before = self.polls()
        for _ in range(3):
            self.page.clock.fast_forward(2 * LONGEST_PAUSE)
        return self.polls() == before
