"""The main job, end to end: issues become verified pull requests, and merged ones complete their sessions."""

from __future__ import annotations

import pytest

from automation.demo import story
from automation.markers import find_marker
from issues.states import Status
from tests.referee import assert_valid
from verification.models import VerificationResult

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def three(tale):
    return [tale.issue(issue.title, issue.body, labels=list(issue.labels)) for issue in story.ISSUES]


@pytest.mark.services
def test_three_issues_become_two_merged_pull_requests_and_one_skip(tale, three):
    median, bill, decimal = three
    tale.run()
    assert tale.session(decimal).reason == "skip_label"
    for number, attempts in ((median, 0), (bill, 1)):
        session = tale.session(number)
        assert (session.status, session.attempts, session.last_error) == (Status.PR_CREATED, attempts, "")
        tale.hub.merge("acme/calc", session.pr_number, by="alice")
    tale.run()
    for number in (median, bill):
        session = tale.session(number)
        assert (session.status, session.pr_state, session.merged_by) == (Status.COMPLETED, "merged", "alice")
        assert session.completed_at == session.merged_at
        assert session.merge_sha
        assert session.foreign_commits is False
        assert tale.hub.issue("acme/calc", number).state == "closed"
    assert_valid(tale.hub.requests)


def test_the_failed_checks_are_stored_and_told_to_the_next_attempt(tale, three):
    _, bill, _ = three
    tale.run()
    session = tale.session(bill)
    first, second = session.attempt_rows.order_by("number")
    assert (first.kind, first.counted, second.kind, second.counted) == ("first", True, "retry", False)
    failed = VerificationResult.objects.get(attempt=first, passed=False)
    assert failed.check_type == "test"
    assert "FAILED (" in failed.output
    assert "FAILED (" in second.prompt
    assert "FAILED (" not in first.prompt
    kinds = set(VerificationResult.objects.filter(attempt=second).values_list("check_type", "passed"))
    assert kinds >= {("lint", True), ("test", True), ("build", True)}


def test_the_pull_request_says_what_was_done_and_checked(tale, three):
    median, _, _ = three
    tale.run()
    session = tale.session(median)
    pr = tale.hub.issue("acme/calc", session.pr_number)
    assert f"Fixes #{median}" in pr.body
    assert story.COMMANDS["verification_command"] in pr.body
    assert session.page_url in pr.body
    assert find_marker(pr.body).public_id == session.public_id
    assert session.branch_name == f"feature/issue-{median}"
    [comment] = tale.comments(median)
    assert f"PR #{session.pr_number}" in comment.body


def test_running_everything_again_changes_nothing_on_github(tale, three):
    tale.run()
    before = tale.footprint(three)
    tale.run(rounds=3)
    assert tale.footprint(three) == before


@pytest.mark.services
def test_a_pull_request_closed_unmerged_fails_and_a_reopened_one_comes_back(tale, three):
    tale.run()
    session = tale.session(three[0])
    tale.hub.close("acme/calc", session.pr_number)
    tale.run()
    assert (tale.session(three[0]).status, tale.session(three[0]).reason) == ("failed", "pr_closed")
    tale.hub.reopen("acme/calc", session.pr_number)
    tale.run()
    assert tale.session(three[0]).status == Status.PR_CREATED
