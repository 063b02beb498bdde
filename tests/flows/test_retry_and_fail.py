"""Three failed verifications end in `failed` and one comment; a person's retry opens the next round."""

from __future__ import annotations

import pytest

from automation.demo.github import Fault
from issues import verbs
from issues.states import Status
from tests.flows.conftest import FIX

pytestmark = pytest.mark.django_db(transaction=True)
WRONG = [{"run": "echo wrong >> NOTES"}, {"commit": "Try"}]
COMMENT = r"/issues/\d+/comments$"


@pytest.fixture
def failing(plain):
    plain.agent({"steps": WRONG})
    plain.change(
        verification_command='grep -qs fixed NOTES || { echo "FAILED: $(wc -l < NOTES) wrong"; exit 1; }'
    )
    return plain


def assert_failed(tale, number):
    session = tale.session(number)
    assert (session.status, session.reason, session.attempts) == (Status.FAILED, "checks_failed", 3)
    assert "FAILED: 3 wrong" in session.last_error
    assert "then retry" in session.last_error
    assert session.completed_at
    return session


def test_three_failed_verifications_end_it_with_one_comment_and_no_fourth_start(failing, neighbour):
    number = failing.issue()
    failing.run()
    session = assert_failed(failing, number)
    [comment] = failing.comments(number)
    assert "Unable to fix after 3 attempts" in comment.body
    assert "FAILED: 3 wrong" in comment.body
    assert session.page_url in comment.body
    failing.later(rounds=3)
    assert assert_failed(failing, number).attempt_rows.count() == 3
    assert failing.footprint([number]) == (["main"], 0, [1])


def test_each_attempt_is_told_what_the_one_before_it_failed_at(failing):
    number = failing.issue()
    failing.run()
    prompts = [row.prompt for row in failing.session(number).attempt_rows.order_by("number")]
    told = [[f"FAILED: {n} wrong" in prompt for n in (1, 2, 3)] for prompt in prompts]
    assert told == [[False, False, False], [True, False, False], [False, True, False]]
    assert ["Attempt 2 of 3" in prompts[1], "Attempt 3 of 3" in prompts[2]] == [True, True]
    kinds = failing.session(number).attempt_rows.order_by("number").values_list("kind", "counted")
    assert list(kinds) == [("first", True), ("retry", True), ("retry", True)]


@pytest.mark.parametrize(
    "fault",
    [
        Fault("answer", method="POST", path=COMMENT, status=502, body="{}"),
        Fault("html", method="POST", path=COMMENT),
        Fault("drop_before", method="POST", path=COMMENT),
        Fault("drop_after", method="POST", path=COMMENT),
        Fault("malformed", method="POST", path=COMMENT),
        Fault("answer", method="GET", path=r"/issues/\d+$", status=503, body="{}", times=2),
        Fault("drop_before", method="GET", path=COMMENT, times=2),
    ],
    ids=lambda fault: f"{fault.action} {fault.method} {fault.path}",
)
def test_the_comment_waits_for_github_and_is_written_once(failing, fault):
    failing.hub.faults.append(fault)
    number = failing.issue()
    failing.run()
    assert_failed(failing, number)
    assert fault.times == 0
    failing.later(rounds=2)
    assert len(failing.comments(number)) == 1


def test_no_comment_is_forced_upon_a_locked_issue(failing):
    number = failing.issue()
    failing.hub.edit_issue(failing.repo, number, locked=True)
    failing.run()
    assert_failed(failing, number)
    failing.run()
    assert (failing.comments(number), failing.project_error()) == ([], "")


def test_a_retry_opens_a_round_from_the_present_base_and_may_end_in_a_pull_request(failing):
    number = failing.issue()
    failing.run()
    old_base = failing.session(number).base_sha
    new_base = failing.push("main", {"OTHER": "news\n"})
    failing.agent({"steps": FIX})
    assert verbs.retry(failing.session(number), actor="ann") == verbs.DONE
    waiting = failing.session(number)
    assert (waiting.status, waiting.round, waiting.attempts) == (Status.PENDING, 2, 0)
    failing.run()
    session = failing.session(number)
    assert (session.status, session.attempts, session.round) == (Status.PR_CREATED, 0, 2)
    assert (session.base_sha, old_base != new_base) == (new_base, True)
    last = session.attempt_rows.first()
    assert (last.number, last.round, last.kind, last.counted) == (4, 2, "first", False)
    assert "did not succeed" not in last.prompt
    assert failing.footprint([number]) == ([f"feature/issue-{number}", "main"], 1, [2])


def test_a_round_that_fails_again_says_so_again_once(failing):
    number = failing.issue()
    failing.run()
    verbs.retry(failing.session(number), actor="ann")
    failing.run(rounds=2)
    session = assert_failed(failing, number)
    assert (session.round, session.attempt_rows.count()) == (2, 6)
    assert len(failing.comments(number)) == 2


def test_a_retry_after_a_closed_pull_request_opens_a_new_one(plain):
    number = plain.issue()
    plain.run()
    first = plain.session(number).pr_number
    plain.hub.close(plain.repo, first)
    plain.run()
    verbs.retry(plain.session(number), actor="ann")
    plain.run()
    session = plain.session(number)
    assert (session.status, session.pr_number != first) == (Status.PR_CREATED, True)
    assert plain.hub.issue(plain.repo, first).state == "closed"
    assert plain.footprint([number]) == ([f"feature/issue-{number}", "main"], 2, [2])


def test_a_pause_between_two_attempts_uses_up_none(failing):
    failing.agent({"match": "Attempt 2 of 3", "steps": [{"fail": {"status": 529}}]}, {"steps": WRONG})
    number = failing.issue()
    failing.run()
    session = failing.session(number)
    assert (session.status, session.reason, session.attempts) == ("in_progress", "overloaded", 1)
    failing.agent({"steps": FIX})
    failing.later()
    session = failing.session(number)
    assert (session.status, session.attempts, session.attempt_rows.count()) == (Status.PR_CREATED, 1, 3)
    assert "FAILED: 1 wrong" in session.attempt_rows.first().prompt
