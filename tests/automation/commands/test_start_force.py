"""start_session --force: an issue begins in spite of filter, labels and complexity, and never in spite of a limit."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from automation import dispatch
from issues.models import IssueSession, SessionEvent
from issues.states import Status
from issues.sync import sync_project
from projects import leases
from projects.connection import connect
from projects.models import Project
from tests.automation.commands.calling import run_command
from tests.factories import create_attempt, create_session
from tests.linking import link

pytestmark = pytest.mark.django_db(transaction=True)
REPO = "acme/calc"


@pytest.fixture
def project(hub, settings, token):
    """It takes issues with the label bug alone."""
    return link(hub, settings, token, issue_filter={"labels": ["bug"]})


def force(number, *more):
    return run_command("start_session", REPO, number, "--json", *more)


def sync(project):
    fresh = Project.objects.get(pk=project.pk)
    sync_project(fresh, connect(fresh))


def session_of(number):
    return IssueSession.objects.get(github_issue_number=number)


@pytest.mark.services
def test_an_issue_that_the_filter_left_out_is_fetched_and_begins_and_no_sync_takes_it_back(hub, project):
    number = hub.create_issue(REPO, "Docs are thin", labels=["docs"])
    sync(project)
    refused = force(number)
    assert (refused.code, "--force" in refused.err, IssueSession.objects.exists()) == (1, True, False)
    ran = force(number, "--force")
    assert (ran.code, ran.data["result"], ran.data["session"]["queued"]) == (0, "done", True)
    hub.edit_issue(REPO, number, labels=["docs", "needs-discussion"])
    sync(project)
    session = session_of(number)
    assert (session.status, session.github_issue_labels) == ("pending", ["docs", "needs-discussion"])
    assert [found.pk for found in dispatch.next_to_start(project, timezone.now())] == [session.pk]
    event = session.events.get(reason="forced")
    assert (event.actor.startswith("command line"), event.verb, event.old_status) == (
        True,
        "moved",
        "skipped",
    )


def test_a_plain_start_of_a_skipped_issue_is_taken_back_by_the_next_sync(hub, project):
    number = hub.create_issue(REPO, "Rounding", labels=["bug", "needs-discussion"])
    sync(project)
    assert force(number).code == 0
    hub.edit_issue(REPO, number, title="Rounding is odd")
    sync(project)
    assert (session_of(number).status, session_of(number).reason) == ("skipped", "skip_label")
    force(number, "--force")
    hub.edit_issue(REPO, number, title="Rounding is very odd")
    sync(project)
    assert session_of(number).status == "pending"


def test_force_holds_on_while_it_is_parked_and_until_a_person_skips_it(hub, project):
    number = hub.create_issue(REPO, "Docs are thin", labels=["docs"])
    force(number, "--force")
    IssueSession.objects.update(reason="disk", not_before=timezone.now() + timedelta(hours=1))
    hub.edit_issue(REPO, number, title="Docs are very thin")
    sync(project)
    assert session_of(number).status == "pending"
    run_command("skip_session", f"{REPO}#{number}")
    assert force(number).code == 0
    hub.edit_issue(REPO, number, title="Docs are thinner")
    sync(project)
    assert session_of(number).status == "skipped"


def test_one_that_is_queued_already_keeps_its_place_and_is_forced_from_now_on(hub, project):
    number = hub.create_issue(REPO, "Sum is wrong", labels=["bug"])
    sync(project)
    force(number)
    queued_at = session_of(number).queued_at
    assert force(number, "--force").data["result"] == "done"
    assert force(number, "--force").data["result"] == "unchanged"
    hub.edit_issue(REPO, number, labels=["needs-discussion"])
    sync(project)
    assert (session_of(number).status, session_of(number).queued_at) == ("pending", queued_at)


@pytest.mark.parametrize(
    "held",
    [
        {"status": Status.NEEDS_REVIEW, "reason": "complex"},
        {"status": Status.SKIPPED, "reason": "skip_label"},
        {"status": Status.SKIPPED, "reason": "skipped_by_person"},
        {"queued_at": timezone.now(), "not_before": timezone.now() + timedelta(hours=5), "reason": "disk"},
        {"queued_at": timezone.now(), "queued_by": "autowrkers"},
    ],
)
def test_what_only_policy_held_is_due_at_once(project, held):
    session = create_session(project=project, **held)
    assert force(session.github_issue_number, "--force").data["result"] == "done"
    now = timezone.now()
    assert [found.pk for found in dispatch.next_to_start(project, now)] == [session.pk]
    assert SessionEvent.objects.get().reason == "forced"


def test_a_running_a_failed_and_a_finished_session_stay_as_they_are(project):
    running = create_session(project=project, status=Status.IN_PROGRESS, queued_at=timezone.now())
    assert leases.claim(IssueSession, running.pk)
    failed = create_session(project=project, status=Status.FAILED)
    finished = create_session(project=project, status=Status.COMPLETED, issue_state="closed")
    assert force(running.github_issue_number, "--force").data["result"] == "unchanged"
    for session in (failed, finished):
        ran = force(session.github_issue_number, "--force")
        assert (ran.code, ran.answer["errors"][0]["code"]) == (1, "session.not_allowed")
        assert IssueSession.objects.get(pk=session.pk).status == session.status


def test_budget_and_slots_still_decide_when_it_begins(project):
    forced = create_session(project=project, status=Status.SKIPPED, reason="filtered")
    force(forced.github_issue_number, "--force")
    Project.objects.update(monthly_budget_usd=1)
    create_attempt(forced, cost_usd=Decimal(2))
    project.refresh_from_db()
    assert dispatch.next_to_start(project, timezone.now()) == []
    Project.objects.update(monthly_budget_usd=None, max_concurrent=1)
    assert leases.claim(IssueSession, create_session(project=project, status=Status.IN_PROGRESS).pk)
    project.refresh_from_db()
    assert dispatch.next_to_start(project, timezone.now()) == []


def test_what_is_no_open_issue_of_the_repository_is_a_sentence(hub, project):
    closed = hub.create_issue(REPO, "Done", labels=["docs"])
    hub.close(REPO, closed)
    for number, code in ((closed, "issue.closed"), (4040, "issue.unknown")):
        ran = force(number, "--force")
        assert (ran.code, ran.answer["errors"][0]["code"]) == (1, code)
    assert not IssueSession.objects.exists()


def test_a_dry_run_fetches_nothing(hub, project):
    number = hub.create_issue(REPO, "Docs are thin", labels=["docs"])
    assert force(number, "--force", "--dry-run").code == 1
    assert (hub.requests, IssueSession.objects.exists()) == ([], False)
