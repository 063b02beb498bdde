"""From an empty installation to a pull request, and to the emergency stop: real workers, real git, a real browser."""

from __future__ import annotations

import json
import re
import time

import pytest
from playwright.sync_api import Error, expect

from tests.browser.hands import Keyboard, Mouse
from tests.browser.installed import PASSWORD, environment, installed
from tests.browser.really import agents, at_work, beat, still_there
from tests.browser.watching import Visitor
from tests.flows.conftest import CHECK, FIX
from tests.flows.workers import eventually

PATIENCE = 120
AT_ONCE = 20  # "within seconds", on a busy machine
LONG = 1000 * PATIENCE
TALK = [{"say": f"Looking at part {number} of the package."} for number in range(1, 13)]
WRONG = [{"run": "date +%N >> NOTES"}, {"commit": "Try"}]
RULES = [
    {"match": "Report is slow", "steps": [*TALK, *FIX]},
    {"match": "Totals are wrong", "steps": WRONG},
    {"match": "Endless", "steps": [{"say": "This takes long."}, {"sleep": 600}]},
]
TITLES = (
    "Report is slow",
    "Totals are wrong",
    "Rename everything",
    "Endless work",
    "Endless search",
    "Endless talk",
)
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
            self.page.wait_for_timeout(1_000)
            if reload:
                self._reload()
        raise AssertionError(f"not in time; the page says: {self.page.locator('main').inner_text()[:1500]}")

    def _reload(self):
        """The page may be on its way elsewhere, which ends a reload: look again then."""
        try:
            self.page.reload()
        except Error as error:
            if "ERR_ABORTED" not in str(error):
                raise

    def sees(self, text):
        return self.page.get_by_text(text).first.is_visible()

    def waits_for(self, text):
        self.until(lambda: self.sees(text), reload=False)

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

    def go_to_projects(self):
        self.hands.press(
            self.page.get_by_role("navigation", name="Main").get_by_role("link", name="Projects")
        )

    def states(self, numbers):
        """The word of each issue's badge on the board."""
        return [self.card(number).locator(".badge").inner_text().split(maxsplit=1)[1] for number in numbers]


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
    slow, wrong, unwanted, *endless = (
        hub.create_issue("acme/calc", title, "See calc/averages.py") for title in TITLES
    )
    teller.log_in()
    teller.link(script, token)
    see_the_checks_turn_green(teller)
    sync(teller)
    watch_the_log_grow(teller, slow)
    see_the_pull_request(teller, hub)
    see_a_failure_and_retry(teller, hub, script, wrong)
    skip(teller, unwanted)
    start_all(teller, endless)
    pause_everything(teller, endless, tmp_path)
    see_that_nothing_starts_again(teller, endless, tmp_path, environment(hub, tmp_path, 0))


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


def start_all(teller, numbers):
    """Two agents work, and the third issue waits in the queue of automation that starts by itself."""
    teller.press("Start automation")
    teller.press("Start all", "link")
    teller.press(f"Start {len(numbers)} issues")
    teller.press("Settings", "link")
    teller.hands.tick(teller.page.get_by_label("Auto start"))
    teller.hands.write(teller.page.get_by_label("Max concurrent"), "2")
    teller.press("Save")
    teller.waits_for("was changed successfully")
    teller.go_to_projects()
    teller.press("calc", "link")
    teller.until(lambda: teller.states(numbers) == ["In progress", "In progress", "Queued"])


def pause_everything(teller, numbers, folder):
    eventually(lambda: len(agents(folder)) == 2, PATIENCE)
    before = at_work(folder)
    teller.go_to_projects()
    teller.press("Pause everything", "link")
    teller.waits_for(
        "2 sessions have begun, 2 of them are with a worker now. 1 more issue waits in the queue."
    )
    teller.hands.tick(teller.page.get_by_label("Stop them now"))
    teller.press("Pause everything")
    teller.waits_for("Automation is paused in 1 project. 2 sessions asked to stop")
    teller.waits_for("1 issue taken out of the queue.")
    eventually(lambda: not at_work(folder) and not still_there(before), AT_ONCE)


def see_that_nothing_starts_again(teller, numbers, folder, env):
    beat(env, 3)
    assert not at_work(folder)
    teller.press("calc", "link")
    assert teller.states(numbers) == ["Needs review", "Needs review", "Pending"]
    teller.waits_for("Automation is paused: nothing is synced or started by itself.")
    teller.go_to_projects()
    teller.press("Pause everything", "link")
    teller.waits_for("No session has begun. No issue waits in the queue.")
