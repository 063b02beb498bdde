"""Agents that misbehave: each way uses up one attempt, says which, and the next attempt may still succeed."""

from __future__ import annotations

import pytest

from automation.steps import work
from issues.states import Status
from tests.flows.conftest import FIX

pytestmark = pytest.mark.django_db(transaction=True)
SECOND = "Attempt 2 of 3"
AMEND = "git config user.name A; git reset -q --hard $(git rev-list --max-parents=0 HEAD); echo x > x; "

WAYS = {
    "ends without a commit": ([{"say": "Nothing to do."}], "no_commit", "without a new commit"),
    "exits before its last word": ([{"exit": 0}], "crashed", "exit status 0"),
    "crashes": ([{"say": "Oh."}, {"exit": 1}], "crashed", "exit status 1"),
    "refuses": ([{"fail": {"stop_reason": "refusal", "message": "I will not."}}], "refused", "I will not."),
    "fills its context": ([{"fail": {"message": "prompt is too long"}}], "context_too_long", "too long"),
    "removes .git": ([{"delete": ".git"}], "git.clone_broken", "cannot be used"),
    "empties .git": ([{"run": "rm -rf .git; mkdir .git"}], "git.clone_broken", "cannot be used"),
    "rewrites history": (
        [{"run": AMEND}, {"commit": "All new"}],
        "git.history_rewritten",
        "does not build on",
    ),
    "checks out an older commit": (
        [{"run": "git checkout -q HEAD~1"}],
        "git.history_rewritten",
        "does not build on",
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_it_costs_one_attempt_and_the_next_one_is_told_why(plain, way):
    steps, reason, words = WAYS[way]
    assert_counted_once(plain, steps, reason, words)


@pytest.mark.parametrize(
    ("steps", "limits", "reason", "words"),
    [
        ([{"say": "One."}, {"say": "Two."}, {"hang": True}], {"attempt_max_turns": 1}, "turn_limit", "turns"),
        ([{"hang": True}], {"attempt_max_minutes": 0}, "timeout", "ran out of time"),
        ([{"hang": True}], {"attempt_silence_minutes": 0}, "stalled", "silent"),
        ([], {"agent": "command", "agent_command": "true"}, "no_commit", "without a new commit"),
    ],
)
def test_an_agent_that_always_does_it_fails_the_session(plain, neighbour, steps, limits, reason, words):
    plain.change(**limits)
    plain.agent({"steps": steps})
    number = plain.issue()
    plain.run()
    session = plain.session(number)
    assert (session.status, session.reason, session.attempts) == (Status.FAILED, reason, 3)
    assert words in session.last_error
    assert len(plain.comments(number)) == 1


def test_an_agent_that_floods_is_ended(plain, monkeypatch):
    monkeypatch.setattr(work, "OUTPUT_BYTES", 2**20)
    assert_counted_once(plain, [{"flood": 2**30}], "flood", "more than it may")


def test_a_commit_on_a_branch_of_its_own_counts_as_any_other(plain):
    plain.agent({"steps": [{"run": "git checkout -qb mine"}, *FIX]})
    number = plain.issue()
    plain.run()
    assert (plain.session(number).status, plain.session(number).attempts) == (Status.PR_CREATED, 0)
    assert plain.branches() == [f"feature/issue-{number}", "main"]


def assert_counted_once(tale, steps, reason, words):
    tale.agent({"unless": SECOND, "steps": steps}, {"steps": FIX})
    number = tale.issue()
    tale.run()
    session = tale.session(number)
    bad, good = session.attempt_rows.order_by("number")
    assert (bad.counted, good.counted, session.attempts) == (True, False, 1)
    assert reason in tale.reasons(number)
    assert words in bad.message
    assert words in good.prompt
    assert (session.status, session.last_error) == (Status.PR_CREATED, "")
    assert tale.footprint([number]) == ([f"feature/issue-{number}", "main"], 1, [1])
