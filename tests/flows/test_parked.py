"""What is not the agent's fault parks the session with a reason and a remedy, uses no attempt, and passes by itself."""

from __future__ import annotations

import shutil
from datetime import timedelta

import pytest
from django.utils import timezone

from issues import verbs
from issues.states import Status
from tests.flows.conftest import CHECK, FIX

pytestmark = pytest.mark.django_db(transaction=True)


def assert_parked(tale, number, *, reason, words, status=Status.IN_PROGRESS):
    session = tale.session(number)
    assert (session.status, session.reason, session.attempts) == (status, reason, 0)
    assert words in session.last_error
    assert session.not_before > timezone.now()
    assert session.queued_at
    assert tale.comments(number) == []
    starts = session.attempt_rows.count()
    tale.run()
    assert tale.session(number).attempt_rows.count() == starts


def assert_goes_on(tale, number):
    tale.later()
    session = tale.session(number)
    assert (session.status, session.attempts, session.last_error) == (Status.PR_CREATED, 0, "")
    assert tale.footprint([number]) == ([f"feature/issue-{number}", "main"], 1, [1])


@pytest.mark.parametrize(
    ("error", "reason", "words"),
    [
        ({"status": 401}, "agent_auth", "check the key"),
        ({"status": 429}, "rate_limit", "tried again by itself"),
        ({"status": 529}, "overloaded", "tried again by itself"),
        ({"status": 500}, "model_error", "tried again by itself"),
        ({"message": "Claude AI usage limit reached|4102444800"}, "usage_limit", "Raise the account's limit"),
    ],
)
def test_trouble_with_the_model(plain, error, reason, words):
    plain.agent({"steps": [{"fail": error}]})
    number = plain.issue()
    plain.run()
    assert_parked(plain, number, reason=reason, words=words)
    if reason == "usage_limit":
        week = timezone.now() + timedelta(days=7)
        assert week - timedelta(minutes=5) < plain.session(number).not_before <= week, (
            "no word is believed longer"
        )
    plain.agent({"steps": FIX})
    assert_goes_on(plain, number)


def test_an_agent_that_is_not_installed(plain, neighbour, settings):
    settings.AUTOWRKERS_CLAUDE_COMMAND = "claude-is-not-here"
    plain.change(agent="claude_code")
    number = plain.issue()
    plain.run()
    assert_parked(plain, number, reason="missing_tool", words="Install 'claude-is-not-here'")
    plain.change(agent="scripted")
    assert_goes_on(plain, number)


def test_an_agents_command_that_cannot_be_read(plain):
    plain.change(agent="command", agent_command="agent {promptfile}")
    number = plain.issue()
    plain.run()
    assert_parked(plain, number, reason="agent.bad_template", words="{prompt_file}")
    attempt = plain.session(number).attempt_rows.get()
    assert (attempt.outcome, attempt.counted, attempt.ended_at is None) == ("not_started", False, False)
    assert "promptfile" in attempt.message
    plain.change(agent="scripted", agent_command=str(plain.script))
    assert_goes_on(plain, number)


@pytest.mark.parametrize(
    ("wrong", "right", "status", "reason", "words"),
    [
        ({"setup_command": "echo no network; exit 1"}, {"setup_command": ""}, "in_progress", "setup", "correct"),
        ({"verification_command": "no-such-tool --all"}, {"verification_command": CHECK}, "verifying",
         "missing_tool", "Install it"),
    ],
)  # fmt: skip
def test_commands_that_cannot_run(plain, neighbour, wrong, right, status, reason, words):
    plain.change(**wrong)
    number = plain.issue()
    plain.run()
    assert_parked(plain, number, reason=reason, words=words, status=status)
    plain.change(**right)
    assert_goes_on(plain, number)


def test_no_sandbox_on_this_host(plain, settings):
    settings.AUTOWRKERS_SANDBOX = "container"
    number = plain.issue()
    plain.run()
    assert_parked(plain, number, reason="sandbox.unavailable", words="Install bubblewrap")
    settings.AUTOWRKERS_SANDBOX = "auto"
    assert_goes_on(plain, number)


def test_a_full_disk(plain, monkeypatch):
    usage = shutil.disk_usage("/")._replace(free=3 * 2**20)
    number = plain.issue()
    with monkeypatch.context() as full:
        full.setattr(shutil, "disk_usage", lambda path: usage)
        plain.run()
        assert_parked(plain, number, reason="disk", words="Free at least 500 MB")
    assert_goes_on(plain, number)


def test_the_pauses_grow_while_nothing_gets_better(plain):
    plain.change(setup_command="exit 1")
    number = plain.issue()
    waits = []
    for _ in range(3):
        plain.later()
        waits.append((plain.session(number).not_before - timezone.now()).total_seconds())
    assert [round(wait, -1) for wait in waits] == [30, 60, 120]


def test_five_starts_without_work_wait_for_a_person_who_may_give_five_more(plain):
    plain.agent({"steps": [{"fail": {"status": 529}}]})
    number = plain.issue()
    plain.run()
    plain.later(rounds=6)
    session = plain.session(number)
    assert (session.status, session.reason, session.attempts) == ("needs_review", "keeps_failing", 0)
    assert "overloaded" in session.last_error
    assert session.attempt_rows.count() == 5
    plain.agent({"steps": FIX})
    verbs.start(session, actor="ann")
    assert_goes_on(plain, number)


@pytest.mark.parametrize(
    ("steps", "reason", "words"),
    [
        ([{"say": "Hm.\n\n/needs-human: Which median?"}], "agent_asked", "Which median? Answer in the issue"),
        ([{"say": "/blocked: no such file"}], "agent_blocked", "no such file. Remove what"),
        ([{"fail": {"subtype": "error_max_budget_usd"}}], "budget", "Raise the project's budget"),
    ],
)
def test_an_agent_that_needs_a_person_waits_for_one(plain, steps, reason, words):
    plain.agent({"steps": steps})
    number = plain.issue()
    plain.run()
    plain.later()
    session = plain.session(number)
    assert (session.status, session.reason, session.attempts) == ("needs_review", reason, 0)
    assert words in session.last_error
    assert (session.attempt_rows.count(), plain.comments(number)) == (1, [])
    plain.agent({"steps": FIX})
    verbs.start(session, actor="ann")
    assert_goes_on(plain, number)
