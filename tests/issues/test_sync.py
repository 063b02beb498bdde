"""Sync: what GitHub lists becomes sessions, once, and follows GitHub from then on."""

from __future__ import annotations

import json
import math

import pytest
from django.utils import timezone

from automation.demo.github.messages import Fault
from issues import transitions, verbs
from issues.models import IssueSession
from issues.states import Status
from issues.sync import sync_project
from issues.transitions import move
from projects.connection import connect
from projects.errors import OperatorError, Retryable
from projects.github.errors import GitHubRateLimited
from projects.leases import claim
from projects.models import Credential, Project
from tests.linking import link

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]
REPO = "acme/calc"


@pytest.fixture
def project(hub, settings, token):
    return link(hub, settings, token)


def sync(project):
    project = Project.objects.get(pk=project.pk)
    return sync_project(project, connect(project))


def session_of(project, number):
    return IssueSession.objects.get(project=project, github_issue_number=number)


def listings(hub):
    return [seen for seen in hub.requests if seen.method == "GET" and seen.path.endswith("/issues")]


def test_open_issues_become_pending_sessions_and_a_second_sync_changes_nothing(hub, project):
    number = hub.create_issue(REPO, "Sum is off by one", "total([1, 2]) is 1", labels=["bug"])
    report = sync(project)
    assert (report.new, report.finished) == (1, True)
    session = session_of(project, number)
    assert (session.status, session.github_issue_title, session.github_issue_labels) == (
        "pending",
        "Sum is off by one",
        ["bug"],
    )
    assert session.queued_at is None
    before = list(IssueSession.objects.values())
    again = sync(project)
    assert (again.new, again.changed) == (0, 0)
    assert list(IssueSession.objects.values()) == before


def test_pull_requests_in_the_list_are_not_issues(hub, project):
    hub.create_issue(REPO, "An issue", "")
    bare = hub.repository(REPO).bare
    commit = bare.git("commit-tree", "main^{tree}", "-p", "main", "-m", "More").strip()
    bare.git("branch", "other", commit)
    connect(project).create_pr(REPO, "other", "main", "A pull request", "")
    report = sync(project)
    assert (report.listed, report.new) == (2, 1)
    assert IssueSession.objects.get().github_issue_title == "An issue"


def test_the_list_is_asked_for_page_by_page_and_no_more(hub, project):
    for number in range(250):
        hub.create_issue(REPO, f"Issue {number}", "")
    sync(project)
    assert IssueSession.objects.count() == 250
    assert len(listings(hub)) == math.ceil(250 / 100)


def test_title_body_labels_and_state_follow_github(hub, project):
    number = hub.create_issue(REPO, "Old", "old")
    sync(project)
    hub.edit_issue(REPO, number, title="New", body="new", labels=["bug"])
    sync(project)
    session = session_of(project, number)
    assert (session.github_issue_title, session.github_issue_body) == ("New", "new")
    hub.close(REPO, number)
    sync(project)
    session.refresh_from_db()
    assert (session.issue_state, session.status, session.reason) == ("closed", "skipped", "issue_closed")
    hub.reopen(REPO, number)
    sync(project)
    session.refresh_from_db()
    assert (session.status, session.reason) == ("pending", "matches_again")


def test_an_issue_closed_while_a_worker_has_it_is_recorded_for_the_worker(hub, project):
    number = hub.create_issue(REPO, "Bug", "")
    sync(project)
    session = session_of(project, number)
    claim(IssueSession, session.pk)
    hub.close(REPO, number)
    sync(project)
    session.refresh_from_db()
    assert (session.status, session.requested_verb) == ("pending", "close")


def test_a_closed_issue_with_our_pull_request_is_left_to_the_pull_request(hub, project):
    number = hub.create_issue(REPO, "Bug", "")
    sync(project)
    IssueSession.objects.update(status=Status.PR_CREATED, step="follow", pr_number=99)
    hub.close(REPO, number)
    sync(project)
    assert session_of(project, number).status == Status.PR_CREATED


def test_a_skip_label_skips_and_its_removal_brings_the_issue_back(hub, project):
    number = hub.create_issue(REPO, "Shall we?", "", labels=["needs-discussion"])
    sync(project)
    session = session_of(project, number)
    assert (session.status, session.reason) == ("skipped", "skip_label")
    hub.edit_issue(REPO, number, labels=[])
    sync(project)
    assert session_of(project, number).status == Status.PENDING


def test_what_a_person_skipped_stays_skipped(hub, project):
    number = hub.create_issue(REPO, "Bug", "")
    sync(project)
    move(session_of(project, number), Status.SKIPPED, reason="skipped_by_person")
    hub.edit_issue(REPO, number, body="more")
    sync(project)
    assert session_of(project, number).status == Status.SKIPPED


def test_a_complex_issue_waits_for_a_person_with_its_reasons(hub, project):
    number = hub.create_issue(REPO, "Redo it all", "Why? How? When? Where? Who?", labels=["architecture"])
    sync(project)
    session = session_of(project, number)
    assert (session.status, session.reason, session.complexity_level) == ("needs_review", "complex", "high")
    assert session.complexity_reasons


QUESTIONS = "Why? " * 20


def test_an_issue_edited_into_a_complex_one_waits_too_unless_a_person_started_it(hub, project):
    queued = hub.create_issue(REPO, "Small", "")
    started = hub.create_issue(REPO, "Small too", "")
    sync(project)
    transitions.stay(
        session_of(project, queued), "queued", queued_at=timezone.now(), queued_by=transitions.SYSTEM
    )
    verbs.start(session_of(project, started), actor="ann")
    for number in (queued, started):
        hub.edit_issue(REPO, number, body=QUESTIONS)
    sync(project)
    assert (session_of(project, queued).status, session_of(project, queued).reason) == (
        "needs_review",
        "complex",
    )
    assert session_of(project, queued).queued_at is None
    assert session_of(project, started).status == Status.PENDING


def test_an_issue_that_waited_for_its_complexity_is_placed_anew_when_it_changes(hub, project):
    simpler, labelled = (hub.create_issue(REPO, f"Issue {n}", QUESTIONS) for n in (1, 2))
    sync(project)
    hub.edit_issue(REPO, simpler, body="Just do it.")
    hub.edit_issue(REPO, labelled, labels=["needs-discussion"])
    sync(project)
    assert session_of(project, simpler).status == Status.PENDING
    assert session_of(project, labelled).reason == "skip_label"


def test_only_matching_issues_are_stored_and_a_changed_filter_lists_again(hub, project):
    hub.create_issue(REPO, "Bug", "", labels=["bug"])
    other = hub.create_issue(REPO, "Idea", "", labels=["idea"])
    Project.objects.update(issue_filter={"labels": ["bug"]})
    sync(project)
    assert IssueSession.objects.count() == 1
    Project.objects.update(issue_filter={})
    sync(project)
    assert session_of(project, other).status == Status.PENDING


def test_an_issue_that_loses_the_label_is_skipped_as_filtered(hub, project):
    number = hub.create_issue(REPO, "Bug", "", labels=["bug"])
    Project.objects.update(issue_filter={"labels": ["bug"]})
    sync(project)
    hub.edit_issue(REPO, number, labels=[])
    sync(project)
    assert session_of(project, number).reason == "filtered"


def test_one_malformed_issue_does_not_lose_the_others(hub, project):
    hub.create_issue(REPO, "Good", "")
    good = json.loads(next_answer(hub, project))
    bad = good[0] | {"number": "seven"}
    body = json.dumps([bad, *good])
    IssueSession.objects.all().delete()
    Project.objects.update(listed_filter=None, sync_cursor=None)
    hub.faults.append(Fault("answer", path=r"/issues$", status=200, body=body))
    report = sync(project)
    assert report.new == 1
    assert len(report.malformed) == 1


def next_answer(hub, project):
    sync(project)
    return listings(hub)[-1].answer


def test_an_interrupted_listing_goes_on_where_it_stopped(hub, project):
    for number in range(250):
        hub.create_issue(REPO, f"Issue {number}", "")
    hub.faults.append(Fault("html", path=r"/issues$", status=502, times=2, skip=2))
    with pytest.raises(Retryable):
        sync(project)
    assert IssueSession.objects.count() == 200
    sync(project)
    assert IssueSession.objects.count() == 250


def test_a_sync_that_runs_out_of_time_says_so_and_the_next_one_finishes(hub, project):
    for number in range(150):
        hub.create_issue(REPO, f"Issue {number}", "")
    answers = iter([True, False])
    project = Project.objects.get(pk=project.pk)
    report = sync_project(project, connect(project), may_go_on=lambda: next(answers))
    assert (report.finished, IssueSession.objects.count()) == (False, 100)
    assert sync(project).finished
    assert IssueSession.objects.count() == 150


def test_another_repository_under_the_old_name_is_refused(hub, project):
    Project.objects.update(github_id=424242)
    with pytest.raises(OperatorError, match="another repository"):
        sync(project)


def test_the_second_project_of_a_repository_is_told_at_its_first_contact(hub, project, settings, token):
    sync(project)
    second = link(hub, settings, token, name="again")
    with pytest.raises(OperatorError, match="already linked"):
        sync(second)


@pytest.mark.parametrize("body", ["", "x" * 1_000_000, "\x00\x01\x02" * 1000, "🐍" * 5000])
def test_odd_bodies_are_stored_capped_and_clean(hub, project, body):
    number = hub.create_issue(REPO, "Odd \x00 title", body)
    sync(project)
    session = session_of(project, number)
    assert len(session.github_issue_body) <= 66_000
    assert "\x00" not in session.github_issue_body + session.github_issue_title


def test_a_long_first_listing_leaves_half_of_the_hour_to_all_others(hub, project, token):
    for number in range(250):
        hub.create_issue(REPO, f"Issue {number}", "")
    hub._gate.window(token).used = 2600
    for _ in range(2):
        with pytest.raises(GitHubRateLimited, match="kept for everything but first listings"):
            sync(project)
        assert IssueSession.objects.count() == 100
    assert [asked.path for asked in hub.requests].count(f"/repos/{REPO}/issues") == 1
    hub._gate.window(token).used = 0
    Credential.objects.update(rate_reset_at=None)
    assert sync(project).new == 150
