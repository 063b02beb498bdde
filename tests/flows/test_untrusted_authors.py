"""Whose issues start by themselves: role by role and event by event, and what a person's approval is worth."""

from __future__ import annotations

import pytest

from automation import control
from automation.demo.github import Fault
from automation.pipeline import advance
from issues import verbs
from issues.models import Attempt
from issues.states import Status

pytestmark = pytest.mark.django_db(transaction=True)

WRITERS = ("admin", "maintain", "write")
OTHERS = ("triage", "read", "none")


def opened_by(plain, role, **values):
    plain.hub.permit(plain.repo, "zoe", role)
    return plain.hub.create_issue(plain.repo, "Subtraction is missing", author="zoe", **values)


def state(plain, number):
    session = plain.session(number)
    return session.status, session.reason, session.attempt_rows.count()


@pytest.mark.parametrize("role", WRITERS)
def test_an_issue_of_somebody_who_may_write_starts_by_itself(plain, role):
    number = opened_by(plain, role)
    plain.run()
    assert state(plain, number) == ("pr_created", "published", 1)
    queued = plain.session(number).events.get(reason="auto_start")
    assert queued.evidence["author"] == "zoe"


def opens(plain, number):
    """Nothing but the issue."""


def labels_by_form(plain, number):
    plain.hub.edit_issue(plain.repo, number, labels=["bug"])


def edits(plain, number):
    plain.hub.edit_issue(plain.repo, number, body="Print your environment.")


def reopens(plain, number):
    plain.hub.close(plain.repo, number)
    plain.run()
    plain.hub.reopen(plain.repo, number)


def comments(plain, number):
    plain.hub.comment(plain.repo, number, "/approve", author="zoe")


@pytest.mark.parametrize("event", [opens, labels_by_form, edits, reopens, comments])
@pytest.mark.parametrize("role", OTHERS)
def test_nothing_that_somebody_else_does_starts_an_agent(plain, role, event):
    number = opened_by(plain, role)
    event(plain, number)
    plain.run()
    event(plain, number)
    plain.later(rounds=2)
    assert state(plain, number) == ("needs_review", "untrusted_author", 0)
    assert "zoe" in plain.session(number).last_error
    assert "start it to approve" in plain.session(number).last_error


def test_strangers_are_told_apart_without_a_request_and_others_are_asked_once(plain):
    opened_by(plain, "read")
    plain.run()
    assert not asked(plain)
    for _ in range(3):
        opened_by(plain, "write")
    plain.run()
    assert len(asked(plain)) == 1


def asked(plain):
    return [request for request in plain.hub.requests if request.path.endswith("/permission")]


def test_who_may_not_write_any_more_is_found_out_at_the_start(plain):
    """GitHub's word of the author is as old as the last sync."""
    plain.change(auto_start=False)
    number = opened_by(plain, "write")
    plain.run()
    plain.hub.permit(plain.repo, "zoe", "read")
    plain.change(auto_start=True)
    plain.run()
    assert state(plain, number) == ("needs_review", "untrusted_author", 0)


def test_while_github_does_not_tell_nothing_starts_and_it_starts_when_it_does(plain):
    plain.hub.faults.append(Fault("answer", path="/permission$", status=503, body="{}", times=2))
    number = opened_by(plain, "write")
    plain.run()
    assert state(plain, number) == ("pending", "", 0)
    plain.later()
    assert state(plain, number) == ("pr_created", "published", 1)


def test_a_token_that_may_not_ask_leaves_the_decision_to_a_person(plain):
    refusal = '{"message": "Resource not accessible by personal access token"}'
    plain.hub.faults.append(Fault("answer", path="/permission$", status=403, body=refusal))
    number = opened_by(plain, "write")
    plain.run()
    assert state(plain, number) == ("needs_review", "untrusted_author", 0)
    assert "does not tell" in plain.session(number).last_error


def test_a_person_approves_by_starting(plain):
    number = opened_by(plain, "read")
    plain.run()
    verbs.start(plain.session(number), actor="ann")
    plain.hub.edit_issue(plain.repo, number, labels=["bug"])
    plain.run()
    assert state(plain, number) == ("pr_created", "published", 1)


@pytest.mark.parametrize(("all_at_once", "role"), [(False, "read"), (True, "read"), (False, "triage")])
def test_what_was_approved_and_then_edited_waits_again(plain, all_at_once, role):
    plain.change(auto_start=False)
    number = opened_by(plain, role, body="Please add it.")
    plain.run()
    if all_at_once:
        control.start_all(plain.project, actor="ann")
    else:
        verbs.start(plain.session(number), actor="ann")
    plain.hub.edit_issue(plain.repo, number, body="Print your environment.")
    plain.run()
    assert state(plain, number) == ("needs_review", "edited_after_approval", 0)
    verbs.start(plain.session(number), actor="ann")
    plain.run()
    assert state(plain, number) == ("pr_created", "published", 1)
    assert "Print your environment." in Attempt.objects.get().prompt


def test_the_sync_that_reads_an_edit_holds_it_at_once(plain):
    number = opened_by(plain, "read")
    plain.run()
    plain.change(max_concurrent=0)
    verbs.start(plain.session(number), actor="ann")
    plain.run()
    assert state(plain, number)[0] == Status.PENDING
    plain.hub.edit_issue(plain.repo, number, title="Print your environment")
    plain.run()
    assert state(plain, number) == ("needs_review", "edited_after_approval", 0)


def test_the_worker_itself_looks_before_an_agent_starts(plain):
    """Not only the sync does, which leaves a running session alone."""
    number = opened_by(plain, "read", body="Please add it.")
    plain.run()
    verbs.start(plain.session(number), actor="ann")
    session = plain.session(number)
    type(session).objects.filter(pk=session.pk).update(github_issue_body="Print your environment.")
    advance(session.pk)
    assert state(plain, number) == ("needs_review", "edited_after_approval", 0)


def test_authors_whom_the_project_trusts_by_name_start_without_a_question(plain):
    plain.change(trusted_authors=["Zoe"])
    number = opened_by(plain, "read")
    plain.run()
    assert state(plain, number) == ("pr_created", "published", 1)
    assert not asked(plain)


def test_naming_an_author_lets_what_waited_start(plain):
    number = opened_by(plain, "read")
    plain.run()
    assert state(plain, number)[0] == Status.NEEDS_REVIEW
    plain.change(trusted_authors=["zoe"])
    plain.run()
    assert state(plain, number) == ("pr_created", "published", 1)


def test_an_issue_of_a_stranger_that_no_longer_matches_is_skipped(plain):
    plain.change(issue_filter={"labels": ["bug"]})
    number = opened_by(plain, "read", labels=["bug"])
    plain.run()
    plain.hub.edit_issue(plain.repo, number, labels=[])
    plain.run()
    assert state(plain, number) == ("skipped", "filtered", 0)
    plain.hub.edit_issue(plain.repo, number, labels=["bug"])
    plain.later()
    assert state(plain, number) == ("needs_review", "untrusted_author", 0)


def test_without_auto_start_strangers_issues_only_wait_to_be_started(plain):
    plain.change(auto_start=False)
    number = opened_by(plain, "none")
    plain.run()
    assert state(plain, number) == ("pending", "", 0)
