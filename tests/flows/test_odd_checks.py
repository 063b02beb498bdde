"""Checks that misbehave: each counts against the attempt that it judged, and hurts neither its worker nor others."""

from __future__ import annotations

import pytest

from issues import verbs
from issues.states import Status
from tests.sandboxes import require_sandbox
from verification import verify
from verification.models import VerificationResult

pytestmark = pytest.mark.django_db(transaction=True)
ANOTHER_COMMIT = [{"run": "date +%s%N >> NOTES"}, {"commit": "Try it"}]
HANGS = "trap '' TERM INT HUP; echo begun; sleep 60 & wait; sleep 60"
KILLS = 'kill -KILL -- "-$(cut -d" " -f5 /proc/$PPID/stat)"; kill -KILL $PPID; kill -KILL -1; kill -KILL 0; sleep 60'


@pytest.fixture
def limited(monkeypatch):
    """A check may take one second: projects allow no less than a minute."""
    run_check = verify.run_check
    monkeypatch.setattr(
        verify, "run_check", lambda check, **values: run_check(check, **values | {"time_limit_seconds": 1})
    )


@pytest.mark.parametrize(
    ("command", "words"),
    [(HANGS, "[Ended after its time limit of 1 s.]"), (KILLS, "")],
    ids=["hangs", "kills its parent's group"],
)
def test_a_check_that_hangs_or_kills_all_around_it_counts_once_in_each_attempt_and_its_worker_goes_on(
    plain, neighbour, limited, command, words
):
    require_sandbox("bubblewrap")
    plain.agent({"steps": ANOTHER_COMMIT})
    plain.change(verification_command=command)
    number = plain.issue()
    plain.run()
    session = plain.session(number)
    assert (session.status, session.reason, session.attempts) == ("failed", "checks_failed", 3)
    attempts = session.attempt_rows.order_by("number")
    assert [(attempt.outcome, attempt.counted) for attempt in attempts] == [("done", True)] * 3
    results = VerificationResult.objects.filter(issue_session=session, check_type="test")
    assert sorted(result.attempt.number for result in results) == [1, 2, 3]
    assert {(result.passed, result.fault) for result in results} == {(False, "")}
    assert all(words in result.output for result in results)
    assert plain.footprint([number]) == (["main"], 0, [1])
    plain.change(verification_command="true")
    verbs.retry(session, actor="ann")
    plain.run()
    session = plain.session(number)
    assert (session.status, session.attempts, session.round) == (Status.PR_CREATED, 0, 2)


def test_a_check_that_fails_at_first_and_passes_then_has_used_one_attempt_and_keeps_both_verdicts(plain):
    plain.agent({"steps": ANOTHER_COMMIT})
    plain.change(verification_command='test "$(wc -l < NOTES)" -gt 1 || { echo unlucky; exit 1; }')
    number = plain.issue()
    plain.run()
    session = plain.session(number)
    assert (session.status, session.attempts) == (Status.PR_CREATED, 1)
    first, second = session.attempt_rows.order_by("number")
    assert ((first.counted, second.counted), "unlucky" in second.prompt) == ((True, False), True)
    verdicts = VerificationResult.objects.filter(check_type="test").order_by("id")
    assert list(verdicts.values_list("attempt", "passed")) == [(first.pk, False), (second.pk, True)]
