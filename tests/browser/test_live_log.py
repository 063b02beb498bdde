"""The log of a running attempt in Chromium: real transcripts, a real server; only the page's clock is put forward."""

from __future__ import annotations

import json
import re

import pytest
from django.conf import settings as product
from django.db import connection
from playwright.sync_api import expect

from automation.agents.transcripts import Transcript
from issues.states import Status
from tests.browser.hands import Keyboard
from tests.browser.log_reading import LONGEST_PAUSE, Reader, Run
from tests.factories import create_attempt, create_session, create_superuser

HOSTILE = '<script>window.bad=1</script><img src=x onerror="window.bad=2"> \x1b]0;x\x07 \u202eabc'
BROKEN = re.compile(
    "Failed to load resource: (the server responded with a status of 50[03]|net::ERR_INTERNET)"
)
HIDE = """is_hidden => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => is_hidden });
    document.dispatchEvent(new Event("visibilitychange"));
}"""


def said(*texts):
    parts = [{"type": "text", "text": text} for text in texts]
    return json.dumps({"type": "assistant", "message": {"content": parts}})


def used(call):
    part = {"type": "tool_use", "id": call, "name": "Bash", "input": {"command": "make test"}}
    return json.dumps({"type": "assistant", "message": {"content": [part]}})


def returned(call):
    part = {"type": "tool_result", "tool_use_id": call, "content": "3 passed"}
    return json.dumps({"type": "user", "message": {"content": [part]}})


@pytest.fixture
def run(settings, tmp_path, transactional_db):
    settings.AUTOWRKERS_LOG_ROOT = tmp_path
    attempt = create_attempt(create_session(status=Status.IN_PROGRESS), number=1, agent="claude_code")
    with Transcript(attempt.transcript_path) as transcript:
        yield Run(transcript, attempt)


@pytest.fixture
def open_window(browser, live_server, client, run):
    url, opened = live_server.url.replace("localhost", "127.0.0.1"), []

    def open_one(**options):
        client.force_login(create_superuser())
        reader = Reader(browser, url, run, **options)
        key = client.session.session_key
        cookie = {"name": product.SESSION_COOKIE_NAME, "value": key, "url": url}
        reader.context.add_cookies([cookie])
        opened.append(reader)
        return reader

    yield open_one
    for reader in opened:
        reader.context.close()
    complaints = [complaint for reader in opened for complaint in reader.complaints]
    assert not complaints, "\n".join(complaints)


def test_events_arrive_once_each_in_order_and_inert_and_are_followed(open_window, run):
    run.tell_lines(40)
    reader = open_window()
    reader.read()
    run.tell(used("call-1"))
    reader.see("e40")
    run.tell(HOSTILE, said(HOSTILE), returned("call-1"))
    run.tell_lines(60)
    reader.see("e103")
    assert reader.rows() == [f"e{n}" for n in range(104) if n != 43]  # the result lies within its call
    reader.row("e40").locator("summary").click()
    expect(reader.row("e40")).to_contain_text("3 passed")
    for anchor in ("e41", "e42"):
        expect(reader.row(anchor)).to_contain_text("<script>window.bad=1</script>")
    assert reader.log.locator("script, img").count() == 0
    assert reader.page.evaluate("window.bad") is None


def test_the_newest_event_is_followed_until_the_reader_scrolls_up(open_window, run):
    run.tell_lines(60)
    reader = open_window()
    reader.read()
    run.tell_lines(60)
    reader.see("e119")
    assert reader.is_at_the_end()
    reader.log.evaluate("log => { log.scrollTop = 100; }")
    run.tell_lines(60)
    reader.see("e179")
    assert reader.log.evaluate("log => log.scrollTop") == 100
    Keyboard(reader.page).press(reader.jump)
    expect(reader.row("e179")).to_be_in_viewport()
    expect(reader.jump).to_be_hidden()
    run.tell_lines(60)
    reader.see("e239")
    expect(reader.row("e239")).to_be_in_viewport()
    assert reader.is_at_the_end()
    expect(reader.jump).to_be_hidden()


def test_the_newest_event_is_in_sight_when_the_log_is_opened(open_window, run):
    run.tell_lines(100)
    reader = open_window(size=(1280, 900))
    reader.read()
    expect(reader.row("e99")).to_be_in_viewport()


def test_a_call_that_is_never_answered_says_so_after_the_end(open_window, run):
    run.tell(used("call-1"), used("call-2"), returned("call-1"))
    reader = open_window()
    reader.read()
    expect(reader.row("e1").locator(".status")).to_have_text("◌ running")
    run.end(Status.VERIFYING)
    reader.hurry()
    expect(reader.row("e1").locator(".status")).to_have_text("◌ no result")
    expect(reader.row("e0").locator(".status")).to_contain_text("ok")


def test_after_the_end_the_rest_is_shown_and_nothing_is_asked(open_window, run):
    reader = open_window()
    reader.read()
    run.tell_lines(5)
    run.end()
    reader.hurry()
    expect(reader.status).to_have_text("Finished.")
    assert reader.rows() == [f"e{n}" for n in range(5)]
    assert reader.asks_no_more()
    reader.read(live="Finished: done.")
    assert reader.asks_no_more()


def test_the_next_attempt_is_waited_for_and_linked(open_window, run):
    run.tell_lines(5)
    reader = open_window()
    reader.read()
    run.end(Status.VERIFYING)
    reader.hurry()
    expect(reader.status).to_have_text("This attempt has ended. The session goes on.")
    create_attempt(run.attempt.issue_session, number=2, agent="claude_code")
    reader.hurry()
    expect(reader.status).to_have_text("Finished. Attempt 2 has started.")
    assert reader.asks_no_more()
    reader.page.get_by_role("link", name="Show attempt 2").click()
    expect(reader.log).to_contain_text("The agent has not printed anything yet.")


def test_the_head_of_the_page_goes_with_the_log(open_window, run):
    reader = open_window()
    reader.read()
    expect(reader.page.locator("#session-line")).to_contain_text("In progress")
    run.attempt.cost_usd = 3
    run.end()
    reader.hurry()
    expect(reader.page.locator("#session-line")).to_contain_text("Failed")
    expect(reader.page.locator("#session-figures")).to_contain_text("$ 3.00")
    expect(reader.page.get_by_role("link", name="Issue on GitHub")).to_be_visible()


def test_a_log_opened_before_the_first_attempt_starts_by_itself(open_window, run):
    session = run.attempt.issue_session
    session.attempt_rows.all().delete()
    reader = open_window()
    reader.page.goto(run.url)
    expect(reader.page.get_by_text("Its log appears here as soon as one starts.")).to_be_visible()
    with reader.page.expect_response(run.url):
        reader.page.clock.fast_forward(LONGEST_PAUSE)
    expect(reader.log).to_have_count(0)
    create_attempt(session, number=1, agent="claude_code")
    reader.page.clock.resume()  # the look that was answered sets its next one a moment later
    expect(reader.status).to_have_text("Live", timeout=30_000)
    expect(reader.log).to_contain_text("The agent has not printed anything yet.")


def test_a_hidden_tab_asks_nothing_and_goes_on_when_it_is_shown(open_window, run):
    reader = open_window()
    reader.read()
    reader.hurry()
    reader.page.evaluate(HIDE, True)
    expect(reader.status).to_have_text("Paused while this tab is hidden.")
    run.tell_lines(5)
    assert reader.asks_no_more()
    assert reader.rows() == []
    reader.page.evaluate(HIDE, False)
    expect(reader.row("e4")).to_be_visible()
    expect(reader.status).to_have_text("Live")


def test_who_has_signed_out_is_told_so_and_asks_no_more(open_window, run):
    reader = open_window()
    reader.read()
    reader.context.clear_cookies(name=product.SESSION_COOKIE_NAME)
    reader.hurry()
    expect(reader.status).to_have_text("You are signed out. Reload the page to sign in again.")
    assert reader.asks_no_more()


def rename_table(name, other):
    with connection.schema_editor() as editor:
        editor.alter_db_table(None, name, other)


def test_an_error_of_the_server_is_outlasted(open_window, run):
    reader = open_window()
    reader.read()
    rename_table("django_session", "gone")
    try:
        reader.hurry()
        expect(reader.status).to_have_text("Reconnecting …")
        reader.hurry()
    finally:
        rename_table("gone", "django_session")
    goes_on(reader, run)


def test_a_server_that_cannot_be_reached_is_outlasted(open_window, run):
    reader = open_window()
    reader.read()
    reader.context.set_offline(True)
    reader.page.clock.fast_forward(LONGEST_PAUSE)
    expect(reader.status).to_have_text("Reconnecting …")
    reader.context.set_offline(False)
    goes_on(reader, run)


def goes_on(reader, run):
    """The browser itself reports each answer that failed; nothing else may have gone wrong."""
    run.tell_lines(5)
    reader.see("e4")
    expect(reader.status).to_have_text("Live")
    assert reader.rows() == [f"e{n}" for n in range(5)]
    assert reader.complaints
    reader.complaints[:] = [line for line in reader.complaints if not BROKEN.search(line)]


def test_at_most_2000_events_are_kept_and_the_earlier_ones_are_a_click_away(open_window, run):
    run.tell_lines(10)
    reader = open_window()
    reader.read()
    run.tell(said("first part", "second part"))
    run.tell_lines(1_999)
    reader.see("e2009")
    rows = reader.rows()
    assert (len(rows), rows[0], rows[-1]) == (2_000, "e10-1", "e2009")
    reader.page.get_by_role("link", name="Load earlier").click()
    expect(reader.status).to_have_text("An earlier part of the log.")
    assert reader.rows() == [*(f"e{n}" for n in range(11)), "e10-1"]
    assert reader.asks_no_more()


def test_an_attempt_that_has_ended_is_never_called_live(open_window, run):
    run.tell_lines(1)
    run.end(Status.VERIFYING)
    reader = open_window()
    reader.read("This attempt has ended: done. The session goes on.")
    expect(reader.status).to_have_attribute("data-state", "ended")
    reader.hurry()
    expect(reader.status).to_have_text("This attempt has ended: done. The session goes on.")


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_earlier_parts_and_the_newest_are_links(open_window, run, scripts):
    run.tell_lines(450)
    reader = open_window(java_script_enabled=scripts)
    reader.read("Live" if scripts else "The agent is running.")
    for first, last in ((250, 450), (50, 250), (0, 50)):
        expect(reader.row(f"e{first}")).to_have_count(1)
        assert reader.log.locator(".event").count() == last - first
        if first:
            reader.page.get_by_role("link", name="Load earlier").click()
    expect(reader.page.get_by_role("link", name="Load earlier")).to_be_hidden()
    reader.page.get_by_role("link", name="Show the newest").click()
    expect(reader.row("e449")).to_be_visible()
    assert not scripts or reader.is_at_the_end()
    run.tell_lines(1)
    reader.page.get_by_role("link", name="Reload").click()
    expect(reader.row("e450")).to_be_visible()
