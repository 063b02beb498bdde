"""What lists of checks and reviews come to."""

from __future__ import annotations

import pytest

from projects.github.payloads import MalformedPayload, decode_pull_request
from projects.github.pull_status import checks_of, review_of, state_of
from tests.projects.github.samples import MOMENT, check_run, pull_request, review

RUNNING = check_run("in_progress", None)
NO_STATUS = {"state": "pending", "statuses": []}  # GitHub calls a commit without any status pending


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "open"),
        ({"draft": True}, "draft"),
        ({"state": "closed"}, "closed"),
        ({"state": "closed", "draft": True}, "closed"),
        ({"state": "closed", "merged_at": MOMENT}, "merged"),
    ],
)
def test_a_pull_request_is_open_draft_closed_or_merged(changes, state):
    assert state_of(decode_pull_request(pull_request(**changes))) == state


@pytest.mark.parametrize(
    ("status", "runs", "checks"),
    [
        (None, [], "none"),
        (NO_STATUS, [], "none"),
        (NO_STATUS, [check_run()], "success"),
        (NO_STATUS, [check_run(conclusion="neutral"), check_run(conclusion="skipped")], "success"),
        (NO_STATUS, [check_run(), RUNNING], "pending"),
        (NO_STATUS, [check_run("queued", None)], "pending"),
        (NO_STATUS, [RUNNING, check_run(conclusion="failure")], "failure"),
        (NO_STATUS, [check_run(conclusion="timed_out")], "failure"),
        (NO_STATUS, [check_run(conclusion="cancelled")], "failure"),
        (NO_STATUS, [check_run(conclusion="action_required")], "failure"),
        ({"state": "success", "statuses": [{}]}, [], "success"),
        ({"state": "pending", "statuses": [{}]}, [check_run()], "pending"),
        ({"state": "failure", "statuses": [{}]}, [check_run()], "failure"),
        ({"state": "error", "statuses": [{}]}, [RUNNING], "failure"),
        ({"state": "success", "statuses": [{}]}, [check_run(conclusion="failure")], "failure"),
    ],
)
def test_checks_fail_wait_or_pass_together(status, runs, checks):
    assert checks_of(combined_status=status, check_runs=runs) == checks


@pytest.mark.parametrize("run", [None, {}, {"status": 1}])
def test_a_check_that_cannot_be_read_is_not_taken_for_a_green_one(run):
    with pytest.raises(MalformedPayload):
        checks_of(combined_status=None, check_runs=[check_run(), run])


@pytest.mark.parametrize(
    ("reviews", "verdict"),
    [
        ([], "none"),
        ([review("COMMENTED")], "none"),
        ([review("APPROVED")], "approved"),
        ([review("CHANGES_REQUESTED")], "changes_requested"),
        ([review("CHANGES_REQUESTED"), review("COMMENTED")], "changes_requested"),
        ([review("CHANGES_REQUESTED"), review("APPROVED")], "approved"),
        ([review("APPROVED"), review("CHANGES_REQUESTED")], "changes_requested"),
        ([review("CHANGES_REQUESTED"), review("DISMISSED")], "none"),
        ([review("CHANGES_REQUESTED", login="a"), review("APPROVED", login="b")], "changes_requested"),
    ],
)
def test_the_last_word_of_each_reviewer_counts(reviews, verdict):
    assert review_of(reviews) == verdict


@pytest.mark.parametrize("association", ["NONE", "CONTRIBUTOR", "FIRST_TIMER"])
def test_a_strangers_review_does_not_count(association):
    assert review_of([review("CHANGES_REQUESTED", association=association)]) == "none"
