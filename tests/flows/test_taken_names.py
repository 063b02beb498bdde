"""Another repository takes the name of ours while we are not looking: it is nobody whose issues we answer."""

from __future__ import annotations

import pytest
from django.utils import timezone

from automation.demo import origin
from automation.demo.github import Fault
from automation.models import Effect
from automation.pipeline import advance
from automation.tend import tend
from issues.models import IssueSession
from issues.states import Status, Step
from projects.connection import connect

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]


def take_name(story, *, with_our_history=False):
    """Another repository under the old name of ours; answers an issue of its own and its bare repository."""
    story.hub.rename_repository("acme/calc", "acme/abacus")
    other = story.hub.create_repository("acme/calc")
    origin.fill(other.bare)
    if with_our_history:
        ours = story.hub.repository("acme/abacus").bare.path
        other.bare.git("fetch", str(ours), "+refs/heads/main:refs/heads/main")
    return story.hub.create_issue("acme/calc", "Somebody else's issue"), other


def got(story, number, other):
    return (
        sorted(other.bare.branches()),
        story.hub.pulls("acme/calc"),
        story.hub.comments("acme/calc", number),
    )


@pytest.mark.parametrize("is_told", [False, True], ids=["nobody has looked", "a round was refused"])
def test_a_session_that_begins_takes_nothing_from_another_repository(plain, is_told):
    number = plain.issue()
    tend(plain.project.pk)
    stranger, other = take_name(plain)
    if is_told:
        plain.change(sync_requested_at=timezone.now())
        tend(plain.project.pk)
    advance(IssueSession.objects.get(github_issue_number=number).pk)
    session = plain.session(number)
    assert (session.step, session.reason) == (Step.PREPARE, "github.other_repository")
    assert got(plain, stranger, other) == (["main"], [], [])


def test_a_session_that_publishes_writes_nothing_to_another_repository_with_the_same_history(plain):
    number = plain.issue()
    plain.hub.faults.append(Fault("answer", method="GET", path=r"/pulls$", status=502, body="{}", times=2))
    plain.run()
    assert plain.session(number).step == Step.PUBLISH
    stranger, other = take_name(plain, with_our_history=True)
    IssueSession.objects.update(not_before=None)
    advance(plain.session(number).pk)
    session = plain.session(number)
    assert (session.step, session.reason, session.attempts) == (Step.PUBLISH, "github.other_repository", 0)
    assert got(plain, stranger, other) == (["main"], [], [])


def test_a_failure_is_not_told_on_an_issue_of_another_repository(plain):
    number = plain.issue()
    tend(plain.project.pk)
    pk = plain.session(number).pk
    stranger, other = take_name(plain)
    IssueSession.objects.filter(pk=pk).update(status=Status.FAILED, queued_at=None)
    Effect.objects.create(issue_session_id=pk, round=1, kind=Effect.Kind.FAILED_COMMENT)
    plain.change(auto_sync=False, repository_seen_at=timezone.now())
    tend(plain.project.pk)
    assert got(plain, stranger, other) == (["main"], [], [])
    assert plain.project_error() == "github.other_repository"
    assert Effect.objects.get().outcome is None


def test_a_pull_request_of_another_repository_ends_no_session_of_ours(plain):
    number = plain.issue()
    plain.run(rounds=2)
    ours = plain.session(number)
    assert ours.status == Status.PR_CREATED
    _, other = take_name(plain)
    main = other.bare.branches()["main"]
    theirs = other.bare.git("commit-tree", f"{main}^{{tree}}", "-p", main, "-m", "Theirs").strip()
    other.bare.git("branch", "topic", theirs)
    pull = connect(plain.project).create_pr("acme/calc", "topic", "main", "Theirs", "")
    assert pull.number == ours.pr_number
    plain.hub.merge("acme/calc", pull.number)
    plain.change(auto_sync=False, repository_seen_at=timezone.now())
    IssueSession.objects.update(followed_at=None)
    tend(plain.project.pk)
    assert plain.session(number).status == Status.PR_CREATED
    assert plain.project_error() == "github.other_repository"


def test_no_issue_of_another_repository_is_closed(plain):
    number = plain.issue()
    plain.run()
    IssueSession.objects.update(status=Status.COMPLETED, pr_number=None)
    session = plain.session(number)
    Effect.objects.create(issue_session=session, round=session.round, kind=Effect.Kind.CLOSE_ISSUE)
    stranger, _ = take_name(plain)
    assert stranger == number
    plain.change(auto_sync=False, repository_seen_at=timezone.now())
    tend(plain.project.pk)
    assert plain.hub.issue("acme/calc", stranger).state == "open"
    assert plain.project_error() == "github.other_repository"
