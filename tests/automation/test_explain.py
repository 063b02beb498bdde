"""Why a session does not move: one sentence for each reason, and none while somebody works on it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from automation.explain import why_waiting
from issues.models import Attempt, IssueSession
from issues.states import Status
from issues.transitions import SYSTEM
from projects import leases
from tests.factories import create_attempt, create_credential, create_project, create_session

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def queued(project=None, **values):
    now = timezone.now()
    project = project or create_project(last_tended_at=now, automation_enabled=True)
    return create_session(project=project, **{"queued_at": now, "queued_by": "ann"} | values)


def said(session):
    return why_waiting(session, timezone.now())


def test_a_session_that_a_worker_holds_waits_for_nothing():
    session = queued(status=Status.IN_PROGRESS)
    leases.claim(IssueSession, session.pk)
    assert said(session) == ""


@pytest.mark.parametrize("status", [Status.FAILED, Status.SKIPPED, Status.COMPLETED])
def test_one_that_has_ended_waits_for_nothing(status):
    assert said(create_session(status=status)) == ""


def test_one_between_two_attempts_waits_for_its_next_try():
    assert (
        said(queued(status=Status.IN_PROGRESS)) == "It waits for its next try, which begins within a minute."
    )
    assert said(queued()) == "It is the next to start, within a minute."


def test_a_published_one_waits_for_github_and_a_held_one_for_a_person():
    assert "pull request #7 to be merged or closed" in said(create_session(status="pr_created", pr_number=7))
    assert "waits for a person" in said(create_session(status="needs_review"))


@pytest.mark.parametrize(
    ("automation", "auto_start", "words"),
    [
        (False, True, "automation is stopped"),
        (True, False, "auto start is off"),
        (True, True, "within a minute"),
    ],
)
def test_one_that_nobody_queued_says_who_could(automation, auto_start, words):
    project = create_project(automation_enabled=automation, auto_start=auto_start)
    assert words in said(create_session(project=project))


def test_one_of_a_stranger_says_that_it_will_wait():
    project = create_project(automation_enabled=True, auto_start=True)
    text = said(create_session(project=project, issue_author_association="NONE"))
    assert "it will wait for a person. Start it to approve it." in text


def test_a_parked_one_says_until_when():
    later = timezone.now() + timedelta(days=2)
    text = said(queued(not_before=later))
    assert f"until {timezone.localtime(later):%Y-%m-%d %H:%M}" in text
    assert "Start it to go on at once" in text


def test_one_that_was_parked_by_a_clock_that_was_ahead_waits_for_nothing():
    ahead = timezone.now() + timedelta(days=1)
    project = create_project(automation_enabled=True, last_tended_at=timezone.now())
    text = said(queued(project, not_before=ahead, changed_at=ahead))
    assert text == "It is the next to start, within a minute."


def test_one_that_stopped_automation_had_queued_is_suspended_but_not_a_persons():
    project = create_project(automation_enabled=False, last_tended_at=timezone.now())
    assert "automation, which is stopped" in said(queued(project, queued_by=SYSTEM))
    assert "next to start" in said(queued(project, queued_by="ann"))


def test_one_that_was_handed_over_begins_in_a_moment():
    assert "in a moment" in said(queued(enqueued_at=timezone.now()))


def test_a_projects_or_its_tokens_trouble_is_told():
    broken = create_project(last_tended_at=timezone.now(), error_code="x", error_message="No such repository")
    assert "trouble: No such repository. It goes on" in said(queued(broken))
    refused = create_credential()
    refused.error_code, refused.error_message = "github.bad_credentials", "GitHub refuses the token."
    refused.save()
    assert "refuses the token" in said(queued(create_project(credential=refused)))


def test_a_used_up_budget_counts_this_month_only():
    now = datetime(2026, 5, 3, tzinfo=UTC)
    project = create_project(monthly_budget_usd=Decimal("10.00"), last_tended_at=now)
    session = queued(project)
    attempt = create_attempt(session, cost_usd=Decimal("10.00"))
    Attempt.objects.update(started_at=now - timedelta(days=4))
    assert "budget" not in why_waiting(session, now)
    Attempt.objects.filter(pk=attempt.pk).update(started_at=now - timedelta(days=1))
    assert "budget of $ 10.00 is used up" in why_waiting(session, now)
    IssueSession.objects.filter(pk=session.pk).update(step="publish")
    session.refresh_from_db()
    assert "next to start" in why_waiting(session, now)


def test_a_project_that_nothing_looks_after_says_so():
    project = create_project(last_tended_at=timezone.now() - timedelta(hours=1))
    assert "An administrator sees on the Doctor page whether workers run." in said(queued(project))


def test_no_free_place_in_the_project():
    session = queued()
    other = create_session(project=session.project, status=Status.IN_PROGRESS)
    leases.claim(IssueSession, other.pk)
    assert "1 session is running, and the project allows 1 at a time" in said(session)


def test_no_free_place_on_the_host(settings):
    settings.AUTOWRKERS_AGENT_SLOTS = 0
    assert "places for agents on this host are taken" in said(queued())


def test_the_order_in_the_queue_is_told():
    first = queued()
    second = queued(first.project)
    assert "next to start" in said(first)
    assert said(second) == "1 session is before it in the queue."
