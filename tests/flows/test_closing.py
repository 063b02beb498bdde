"""Closing an issue after a merge into another branch: a refusal holds nobody up, and a late worker closes nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from automation import follow
from automation.demo.github import Fault
from automation.models import Effect
from automation.tend import tend
from issues.states import Status, Step
from projects import leases
from projects.connection import connect
from projects.errors import Cancelled
from projects.github.client import GitHubClient
from projects.models import Project
from tests.factories import create_session

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]


@pytest.fixture
def owed(plain):
    """A merged session whose issue we still have to close."""
    number = plain.issue("Merged elsewhere")
    session = create_session(
        project=plain.project, github_issue_number=number, status=Status.COMPLETED, step=Step.FOLLOW
    )
    return Effect.objects.create(issue_session=session, round=session.round, kind=Effect.Kind.CLOSE_ISSUE)


@pytest.mark.parametrize(
    ("status", "is_over"), [(403, False), (404, False), (410, True), (422, True)], ids=str
)
def test_a_closing_that_github_refuses_keeps_no_other_issue_from_being_worked_on(
    plain, owed, status, is_over
):
    closing = {"method": "PATCH", "path": rf"/issues/{owed.issue_session.github_issue_number}$"}
    plain.hub.faults.append(Fault("answer", status=status, body='{"message": "No"}', times=500, **closing))
    other = plain.issue("Possible")
    plain.run(rounds=3)
    assert (plain.session(other).status, plain.project_error()) == (Status.PR_CREATED, "")
    assert sum(sent.method == "PATCH" for sent in plain.hub.requests) == 1
    owed.refresh_from_db()
    assert (owed.outcome is not None) is is_over
    plain.hub.faults.clear()
    Effect.objects.filter(pk=owed.pk).update(not_before=None)
    tend(plain.project.pk)
    state = plain.hub.issue(plain.repo, owed.issue_session.github_issue_number).state
    assert state == ("open" if is_over else "closed")


def test_an_issue_that_was_opened_again_after_a_closing_whose_answer_was_lost_stays_open(plain, owed):
    number = owed.issue_session.github_issue_number
    plain.hub.faults.append(Fault("drop_after", method="PATCH", path=rf"/issues/{number}$"))
    plain.run()
    assert plain.hub.issue(plain.repo, number).state == "closed"
    plain.hub.reopen(plain.repo, number)
    Effect.objects.filter(pk=owed.pk).update(not_before=timezone.now() - timedelta(seconds=1))
    plain.run(rounds=2)
    assert plain.hub.issue(plain.repo, number).state == "open"
    owed.refresh_from_db()
    assert "opened it again" in owed.outcome["not_closed"]


def test_a_late_worker_closes_no_issue_that_a_person_has_opened_again(plain, owed, monkeypatch):
    number = owed.issue_session.github_issue_number
    late, get_issue = leases.claim(Project, plain.project.pk), GitHubClient.get_issue

    def be_overtaken(client, *args):
        found = get_issue(client, *args)
        monkeypatch.setattr(GitHubClient, "get_issue", get_issue)
        Project.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        assert tend(plain.project.pk)
        assert plain.hub.issue(plain.repo, number).state == "closed"
        plain.hub.reopen(plain.repo, number)
        return found

    monkeypatch.setattr(GitHubClient, "get_issue", be_overtaken)
    with pytest.raises(Cancelled):
        follow.close_issues(plain.project, connect(plain.project), lambda: True, lease=late)
    assert plain.hub.issue(plain.repo, number).state == "open"


def test_a_round_that_is_overtaken_changes_nothing_on_github_any_more(plain, owed, monkeypatch):
    get_issue = GitHubClient.get_issue

    def be_overtaken(client, *args):
        found = get_issue(client, *args)
        monkeypatch.setattr(GitHubClient, "get_issue", get_issue)
        Project.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        assert leases.claim(Project, plain.project.pk)
        return found

    monkeypatch.setattr(GitHubClient, "get_issue", be_overtaken)
    assert not tend(plain.project.pk)
    assert not [sent for sent in plain.hub.requests if sent.method == "PATCH"]
