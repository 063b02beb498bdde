"""From an empty installation to a pull request, and to the emergency stop: real workers, real git, a real browser."""

from __future__ import annotations

import json
import re
import time

import pytest
from playwright.sync_api import expect

from tests.browser.hands import Keyboard, Mouse
from tests.browser.installed import PASSWORD, installed
from tests.browser.watching import Visitor
from tests.flows.conftest import CHECK, FIX

PATIENCE = 120
LONG = 1000 * PATIENCE
TALK = [{"say": f"Looking at part {number} of the package."} for number in range(1, 13)]
WRONG = [{"run": "date +%N >> NOTES"}, {"commit": "Try"}]
RULES = [
    {"match": "Report is slow", "steps": [*TALK, *FIX]},
    {"match": "Totals are wrong", "steps": WRONG},
    {"match": "Endless work", "steps": [{"say": "This takes long."}, {"sleep": 600}]},
]
MENDED = [{"match": "Totals are wrong", "steps": FIX}]


class Teller:
    """What a person does on the pages, whichever hands they use."""

    def __init__(self, visitor, hands):
        self.visitor, self.page, self.hands = visitor, visitor.page, hands

    def press(self, name, role="button"):
        self.hands.press(self.page.get_by_role(role, name=name, exact=True))

    def until(self, condition, *, reload=True):
        """Look again, as a person would by F5, until the page shows it."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if condition():
                return
            self.page.wait_for_timeout(300)
            if reload:
                self.page.reload()
        raise AssertionError(f"not in time; the page says: {self.page.locator('main').inner_text()[:1500]}")

    def sees(self, text):
        return self.page.get_by_text(text).first.is_visible()

    def log_in(self):
        self.page.goto("/")
        self.hands.write(self.page.get_by_label("Username"), "ada")
        self.hands.write(self.page.get_by_label("Password"), PASSWORD)
        self.press("Log in")

    def link(self, script, token):
        self.press("Link a repository", "link")
        self.hands.write(self.page.get_by_label(re.compile("^Repository")), "acme/calc")
        self.hands.write(self.page.get_by_label(re.compile("^GitHub token")), token)
        self.hands.choose(self.page.get_by_label(re.compile("^Agent"), exact=False).first, "Scripted (demo)")
        self.hands.press(self.page.locator("summary"))
        self.hands.write(self.page.get_by_label("Test command"), CHECK)
        self.hands.write(self.page.get_by_label(re.compile("^Agent command")), str(script))
        self.press("Link and check")

    def card(self, number):
        return self.page.get_by_role("listitem").filter(
            has=self.page.get_by_role("link", name=f"View issue {number}", exact=True)
        )


@pytest.fixture(params=[Mouse, Keyboard], ids=["mouse", "keyboard"])
def teller(request, browser, hub, tmp_path):
    with installed(hub, tmp_path) as url:
        visitor = Visitor(browser, url)
        yield Teller(visitor, request.param(visitor.page))
        visitor.context.close()
        assert visitor.complaints == []


def test_the_whole_story(teller, hub, token, tmp_path):
    script = tmp_path / "agent.json"
    script.write_text(json.dumps({"pace": 0.4, "rules": RULES}))
    slow, wrong, unwanted, endless = (
        hub.create_issue("acme/calc", title, "See calc/averages.py")
        for title in ("Report is slow", "Totals are wrong", "Rename everything", "Endless work")
    )
    teller.log_in()
    teller.link(script, token)
    see_the_checks_turn_green(teller)
    sync(teller)
    watch_the_log_grow(teller, slow)
    see_the_pull_request(teller, hub)
    see_a_failure_and_retry(teller, hub, script, wrong)
    skip(teller, unwanted)
    start_all_and_stop_everything(teller, endless)


def see_the_checks_turn_green(teller):
    cards = teller.page.locator(".link-check")
    expect(cards.first).to_be_visible()
    expect(teller.page.locator(".link-check[data-state=waiting]")).to_have_count(0, timeout=LONG)
    assert cards.count() > 2
    assert teller.page.locator(".link-check .tone-danger").count() == 0, cards.all_inner_texts()


def sync(teller):
    teller.press("Open the board", "link")
    teller.hands.press(teller.page.get_by_role("button", name="Sync", exact=True).first)
    teller.until(lambda: teller.card(1).count() == 1)


def watch_the_log_grow(teller, number):
    teller.press(f"Start issue {number}")
    teller.press(f"View issue {number}", "link")
    teller.press("Log", "link")
    teller.until(lambda: teller.page.locator("#log .event").count() > 0)
    page, before = teller.page, teller.page.locator("#log .event").count()
    teller.until(lambda: page.locator("#log .event").count() >= before + 3, reload=False)
    expect(page.locator("#log-status")).to_contain_text("inished", timeout=LONG)


def see_the_pull_request(teller, hub):
    teller.press("Overview", "link")
    teller.until(lambda: teller.page.get_by_role("link", name=re.compile("^Pull request #")).count() > 0)
    assert len(hub.pulls("acme/calc")) == 1


def see_a_failure_and_retry(teller, hub, script, number):
    teller.press("calc", "link")
    teller.press(f"Start issue {number}")
    teller.press(f"View issue {number}", "link")
    teller.until(
        lambda: teller.page.get_by_role("button", name=f"Retry issue {number}", exact=True).count() > 0
    )
    assert teller.sees("Why attempt 3 failed")
    assert teller.sees("FAILED: not fixed")
    script.write_text(json.dumps({"pace": 0, "rules": MENDED + RULES}))
    teller.press(f"Retry issue {number}")
    teller.until(lambda: teller.page.get_by_role("link", name=re.compile("^Pull request #")).count() > 0)
    assert len(hub.pulls("acme/calc")) == 2


def skip(teller, number):
    teller.press("calc", "link")
    teller.press(f"Skip issue {number}")
    expect(teller.card(number)).to_contain_text("Skipped")


def start_all_and_stop_everything(teller, number):
    teller.press("Start automation")
    teller.press("Start all", "link")
    teller.press("Start 1 issue")
    teller.until(lambda: "In progress" in teller.card(number).inner_text())
    teller.press("Pause", "link")
    teller.hands.tick(teller.page.get_by_label("Stop them now"))
    teller.press("Pause automation")
    teller.until(lambda: "Needs review" in teller.card(number).inner_text())
