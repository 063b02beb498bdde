"""Pull requests with lives of their own: whatever people do with one decides its session, and we undo nothing."""

from __future__ import annotations

import pytest

from issues.states import Status

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    ("act", "status", "pr_state"),
    [
        (lambda hub, repo, pr: hub.close(repo, pr), "failed", "closed"),
        (lambda hub, repo, pr: hub.merge(repo, pr, by="bob"), "completed", "merged"),
        (lambda hub, repo, pr: hub.convert_to_draft(repo, pr), "pr_created", "draft"),
        (
            lambda hub, repo, pr: hub.delete_branch(repo, hub.issue(repo, pr).pull.head_ref),
            "failed",
            "closed",
        ),
    ],
    ids=["closed", "merged by another", "converted to a draft", "branch deleted"],
)
def test_what_becomes_of_a_pull_request_becomes_of_its_session(plain, act, status, pr_state):
    number = plain.issue()
    plain.run()
    pr = plain.session(number).pr_number
    act(plain.hub, plain.repo, pr)
    branches = plain.branches()
    plain.run(rounds=3)
    session = plain.session(number)
    assert (session.status, session.pr_state) == (status, pr_state)
    assert (plain.branches(), len(plain.hub.pulls(plain.repo))) == (branches, 1), "nothing is reopened by us"


def test_a_pull_request_whose_branch_goes_with_its_merge_is_completed(plain):
    number = plain.issue()
    plain.run()
    plain.hub.merge(plain.repo, plain.session(number).pr_number)
    plain.hub.delete_branch(plain.repo, f"feature/issue-{number}")
    plain.run(rounds=2)
    assert plain.session(number).status == Status.COMPLETED
    assert plain.branches() == ["main"]


def test_after_a_merge_into_another_base_than_ours_the_issue_is_closed_by_us(plain):
    number = plain.issue()
    plain.run()
    plain.push("release", {"OTHER": "x\n"})
    plain.hub.change_base(plain.repo, plain.session(number).pr_number, "release")
    plain.hub.merge(plain.repo, plain.session(number).pr_number)
    assert plain.hub.issue(plain.repo, number).state == "open"
    plain.run(rounds=2)
    assert plain.session(number).status == Status.COMPLETED
    assert plain.hub.issue(plain.repo, number).state == "closed"


def test_what_a_person_pushes_to_an_open_pull_request_is_noted_and_left_alone(plain):
    number = plain.issue()
    plain.run()
    theirs = plain.push(f"feature/issue-{number}", {"MORE": "x\n"})
    plain.run(rounds=2)
    session = plain.session(number)
    assert (session.status, session.foreign_commits) == (Status.PR_CREATED, True)
    assert plain.reasons(number).count("taken_over") == 1
    assert plain.hub.repository(plain.repo).bare.resolve(f"feature/issue-{number}") == theirs
