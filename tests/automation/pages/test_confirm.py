"""Start all and Pause: what the pages say before, and what happens after."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse
from django.utils import timezone

from automation import control
from automation.dispatch import dispatch
from issues.models import Attempt, IssueSession, SessionEvent
from projects import leases
from projects.models import AuditEvent, Project, Role
from tests.factories import create_attempt, create_project, create_session, create_user
from tests.meanwhile import between_reading_and_changing

pytestmark = [pytest.mark.django_db, pytest.mark.services, pytest.mark.broker]


@pytest.fixture
def project():
    return create_project(max_concurrent=2, automation_enabled=True, last_tended_at=timezone.now())


@pytest.fixture
def operator(client, project):
    client.force_login(create_user(Role.OPERATOR, project=project, is_staff=True, username="ann"))
    return client


def url(project, verb):
    return reverse("admin:project-verb", args=[project.pk, verb])


def page(client, project, verb):
    text = client.get(url(project, verb)).content.decode()
    return " ".join(text[text.index('id="content"') :].split())


def said(answer):
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))


def queued():
    rows = IssueSession.objects.filter(queued_at__isnull=False).order_by("github_issue_number")
    return list(rows.values_list("github_issue_number", "queued_by"))


def held(**values):
    session = create_session(**values)
    leases.claim(IssueSession, session.pk)
    return session


def test_start_all_says_how_many_how_many_at_once_and_what_it_may_cost(operator, project):
    for _ in range(7):
        create_session(project=project)
    create_session(project=project, status="failed")
    done = create_session(project=project, status="completed")
    for cost in ("0.80", "1.00"):
        create_attempt(done, cost_usd=Decimal(cost))
    create_attempt(create_session(project=project, status="failed"), cost_usd=Decimal("0.80"))
    text = page(operator, project, "start-all")
    assert "<strong>7 pending issues</strong>, at most 2 at a time, last 30 days average $ 1.30 each." in text
    assert "about <strong>$ 9.10</strong>, judged by 2 sessions" in text
    assert queued() == []


def test_a_cost_that_is_not_known_is_said_plainly(operator, project):
    session = create_session(project=project)
    create_attempt(session)
    old = create_attempt(session, cost_usd=5)
    Attempt.objects.filter(pk=old.pk).update(started_at="2026-01-01T00:00:00Z")
    text = page(operator, project, "start-all")
    assert "1 pending issue<" in text
    assert "What they will cost is not known" in text


def test_what_is_left_of_the_budget_and_what_holds_it_back_are_said_before(operator, project):
    session = create_session(project=project)
    create_attempt(session, cost_usd=Decimal("4"))
    Project.objects.update(monthly_budget_usd=10)
    assert "budget of $ 10.00, $ 6.00 is left" in page(operator, project, "start-all")
    Project.objects.update(monthly_budget_usd=4)
    assert "The monthly budget of $ 4.00 is used up" in page(operator, project, "start-all")


def test_start_all_queues_every_pending_issue_once(operator, project):
    for number in (1, 2, 3):
        create_session(project=project, github_issue_number=number)
    create_session(project=project, github_issue_number=4, queued_at=timezone.now(), queued_by="bob")
    create_session(project=project, github_issue_number=5, status="failed")
    create_session(github_issue_number=6)
    assert "3 issues are queued." in said(operator.post(url(project, "start-all")))
    assert queued() == [(1, "ann"), (2, "ann"), (3, "ann"), (4, "bob")]
    assert "no pending issue left" in said(operator.post(url(project, "start-all")))
    assert queued() == [(1, "ann"), (2, "ann"), (3, "ann"), (4, "bob")]
    audit = AuditEvent.objects.order_by("id").values_list("verb", "detail")
    assert list(audit) == [
        ("project.started_all", {"queued": 3, "refused": 0}),
        ("project.started_all", {"queued": 0, "refused": 0}),
    ]


def test_while_automation_is_paused_what_it_had_queued_is_queued_by_the_person(project):
    create_session(project=project, github_issue_number=1, queued_at=timezone.now(), queued_by="autowrkers")
    assert control.start_all(project, actor="ann").queued == 0
    control.stop(project, actor="ann")
    assert control.start_all(project, actor="ann").queued == 1
    assert queued() == [(1, "ann")]


def test_what_changes_in_the_same_moment_is_counted_as_refused(operator, project):
    first, *_ = [create_session(project=project) for _ in range(3)]
    others = IssueSession.objects.exclude(pk=first.pk)
    with between_reading_and_changing(lambda: others.update(status="skipped")):
        words = said(operator.post(url(project, "start-all")))
    assert "1 issue is queued." in words
    assert "2 refused: Somebody else changed it in the same moment." in words


def test_without_pending_issues_there_is_nothing_to_confirm(operator, project):
    text = page(operator, project, "start-all")
    assert "No issue is pending" in text
    assert "<form" not in text


def test_pause_says_what_happens_to_how_many_either_way(operator, project):
    for _ in range(2):
        held(project=project, status="in_progress", queued_at=timezone.now())
    create_session(project=project, status="verifying", queued_at=timezone.now(), queued_by="autowrkers")
    create_session(project=project, queued_at=timezone.now(), queued_by="bob")
    create_session(project=project, queued_at=timezone.now(), queued_by="autowrkers")
    text = page(operator, project, "pause")
    assert "3 sessions have begun, 2 of them are with a worker now. 2 more issues wait in the queue." in text
    assert "Let running sessions finish</strong> (2)" in text
    assert "1 begun by automation that no worker holds now rests until" in text
    assert "1 issue that a person queued starts all the same." in text
    assert "Stop them now</strong> (5)" in text
    assert "What waits in the queue leaves it (2)" in text
    assert Project.objects.get().automation_enabled


@pytest.mark.parametrize(
    ("wish", "requested", "words"), [("", "", "may finish"), ("true", "stop", "asked to stop")]
)
def test_pause_lets_run_or_stops_as_chosen(operator, project, wish, requested, words):
    held(project=project, status="in_progress")
    assert words in said(operator.post(url(project, "pause"), {"stop_running": wish}))
    assert not Project.objects.get().automation_enabled
    assert IssueSession.objects.get().requested_verb == requested
    assert AuditEvent.objects.filter(verb="automation.stopped").count() == 1


def test_what_start_all_queued_starts_no_more_after_stop_them_now(operator, project):
    for _ in range(2):
        create_session(project=project)
    operator.post(url(project, "start-all"))
    IssueSession.objects.filter(pk=IssueSession.objects.first().pk).update(enqueued_at=timezone.now())
    held(project=project, queued_at=timezone.now())
    words = said(operator.post(url(project, "pause"), {"stop_running": "true"}))
    assert "1 session asked to stop" in words
    assert "2 issues taken out of the queue." in words
    left = IssueSession.objects.filter(leases.free())
    assert set(left.values_list("status", "queued_at", "enqueued_at", "queued_by")) == {
        ("pending", None, None, "")
    }
    assert dispatch(project, timezone.now()) == []
    assert SessionEvent.objects.filter(verb="dequeued", actor="ann").count() == 2
    detail = AuditEvent.objects.get(verb="project.stopped_all").detail
    assert detail == {"asked": 1, "dequeued": 2}


def test_a_choice_that_the_page_does_not_offer_changes_nothing(operator, project):
    held(project=project, status="in_progress")
    answer = operator.post(url(project, "pause"), {"stop_running": "maybe"})
    assert answer.status_code == 400
    assert "stop_running" in answer.content.decode()
    assert Project.objects.get().automation_enabled


@pytest.mark.parametrize("verb", ["start-all", "pause"])
def test_the_pages_are_for_those_who_may_act(client, project, verb):
    client.force_login(create_user(Role.VIEWER, project=project, is_staff=True))
    assert client.get(url(project, verb)).status_code == 403
    client.force_login(create_user(is_staff=True))
    assert client.get(url(project, verb)).status_code == 404


@pytest.mark.parametrize("verb", ["start-all", "pause"])
def test_looking_changes_nothing_and_odd_names_stay_text(operator, project, verb):
    Project.objects.update(name="</h1><script>alert(1)</script>\u202e")
    before = list(Project.objects.values())
    text = page(operator, project, verb)
    assert "<script>alert" not in text
    assert "\u202e" not in text
    assert list(Project.objects.values()) == before
    assert operator.get(url(project, verb) + "?force=1").status_code == 400
