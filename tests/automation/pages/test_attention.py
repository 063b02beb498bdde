"""The Attention page: what waits for a person, oldest first, with the buttons that work, and nothing of others."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from automation.attention import Kind, waiting
from automation.pages.attention import count_waiting
from issues.models import IssueSession, SessionEvent
from projects.models import Project, Role
from tests.factories import (
    create_attempt,
    create_credential,
    create_membership,
    create_project,
    create_session,
    create_superuser,
    create_user,
)

pytestmark = [pytest.mark.django_db, pytest.mark.services]
NOW = timezone.now()
LONG_AGO = NOW - timedelta(hours=2)
AHEAD = NOW + timedelta(days=1)
QUEUED = {"queued_at": LONG_AGO, "queued_by": "ada"}
HELD = {"lease_owner": "x", "lease_until": NOW + timedelta(hours=1), **QUEUED}
WAITS = [
    ("failed", {"status": "failed", "reason": "checks_failed", "completed_at": LONG_AGO}),
    ("review", {"status": "needs_review", "reason": "agent_asked"}),
    ("review", {"status": "needs_review", "reason": "a_reason_of_tomorrow"}),
    ("stale", {"status": "in_progress", "lease_owner": "gone:1:x", "lease_until": LONG_AGO} | QUEUED),
    ("stale", {"status": "pending", "enqueued_at": LONG_AGO} | QUEUED),
    (
        "stale",
        {"status": "pending", "enqueued_at": LONG_AGO, "not_before": AHEAD, "changed_at": AHEAD} | QUEUED,
    ),
    ("silent", {"status": "in_progress", **HELD, "heard_at": LONG_AGO}),
    ("silent", {"status": "verifying", **HELD, "heard_at": NOW - timedelta(minutes=16)}),
    ("pull_request", {"status": "pr_created", "pr_number": 7, "pr_review": "changes_requested"}),
    ("pull_request", {"status": "pr_created", "pr_number": 7, "pr_checks": "failure"}),
    ("pull_request", {"status": "pr_created", "pr_number": 7, "manual_review": True}),
    ("pull_request", {"status": "pr_created", "pr_number": 7, "last_error": "GitHub answered 404."}),
    ("ready", {"status": "pr_created", "pr_number": 7, "pr_checks": "success"}),
    ("ready", {"status": "pr_created", "pr_number": 7, "manual_review": True, "pr_review": "approved"}),
    ("parked", {"status": "pending", "parked_times": 3, "not_before": NOW + timedelta(hours=1)} | QUEUED),
]
WAITS_NOT = [
    {"status": "failed", "reason": "pr_closed", "completed_at": LONG_AGO},
    {"status": "failed", "issue_state": "closed", "completed_at": LONG_AGO},
    {"status": "pending"},
    {"status": "pending", **QUEUED},
    {"status": "in_progress", **HELD},
    {"status": "in_progress", **HELD, "heard_at": NOW - timedelta(minutes=10)},
    {"status": "in_progress", "heard_at": LONG_AGO, **QUEUED},
    {"status": "pending", "parked_times": 1, "not_before": NOW + timedelta(minutes=5), **QUEUED},
    {"status": "pending", "enqueued_at": LONG_AGO, "queued_at": LONG_AGO, "queued_by": "autowrkers"},
    {"status": "in_progress", "reason": "monthly_budget", "not_before": LONG_AGO, **QUEUED},
    {"status": "completed", "last_error": "old"},
    {"status": "skipped"},
]


def everything(**kwargs):
    return waiting(Project.objects.all(), **kwargs)


def open_page(client, user, **query):
    client.force_login(user)
    return client.get(reverse("admin:attention"), query)


@pytest.mark.parametrize(("kind", "row"), WAITS)
def test_what_a_person_must_see_waits_with_a_reason_and_a_remedy(kind, row):
    session = create_session(**row)
    [item], count = everything()
    assert (item.kind, item.session, count) == (kind, session, 1)
    assert item.reason.endswith(".")
    assert item.remedy.endswith(".")
    assert count_waiting(create_superuser()) == 1


@pytest.mark.parametrize("row", WAITS_NOT)
def test_what_goes_on_by_itself_or_is_decided_does_not_wait(row):
    create_session(**row)
    assert everything() == ([], 0)
    assert count_waiting(create_superuser()) == 0


def test_the_oldest_comes_first_whatever_its_kind():
    second = create_session(status="failed", completed_at=NOW - timedelta(hours=5))
    create_project(error_code="github.not_found", error_message="Gone.", error_since=NOW - timedelta(hours=3))
    first = create_session(status="needs_review")
    event = SessionEvent.objects.create(issue_session=first, verb="moved", new_status="needs_review")
    SessionEvent.objects.filter(pk=event.pk).update(created_at=NOW - timedelta(days=2))
    last = create_session(status="needs_review")
    items, _ = everything()
    assert [item.session for item in items] == [first, second, None, last]


def test_a_silent_session_waits_since_its_last_sign_of_life_and_can_be_stopped(client):
    session = create_session(status="in_progress", step="work", heard_at=LONG_AGO, **HELD)
    [item], _ = everything()
    assert item.since == LONG_AGO
    page = open_page(client, create_superuser()).content.decode()
    assert reverse("admin:session-verb", args=[session.pk, "stop"]) in page


def test_card_and_head_say_that_a_session_is_silent_since_when_and_how_to_end_it(client):
    client.force_login(create_superuser())
    session = create_session(status="in_progress", step="work", heard_at=LONG_AGO, **HELD)
    since = f"Silent since {timezone.localtime(LONG_AGO):%H:%M}"
    for address in (
        reverse("admin:board", args=[session.project_id]),
        reverse("admin:session", args=[session.pk]),
    ):
        page = client.get(address).content.decode()
        assert since in page
        assert "nothing that runs for it has said a word" in page
        assert reverse("admin:session-verb", args=[session.pk, "stop"]) in page
    IssueSession.objects.update(heard_at=timezone.now())
    assert "Silent" not in client.get(address).content.decode()


def test_pages_hold_every_thing_once():
    for hours in range(11):
        create_session(status="failed", completed_at=NOW - timedelta(hours=2 * hours))
    for hours in (3, 9, 30):
        create_project(error_code="git.refused", error_since=NOW - timedelta(hours=hours))
    whole, count = everything()
    pages = [item for start in range(0, 15, 3) for item in everything(start=start, limit=3)[0]]
    assert count == 14
    assert [item.since for item in pages] == [item.since for item in whole]


def test_a_refused_token_is_one_thing_for_all_its_projects(client):
    credential = create_credential()
    credential.error_code, credential.error_since = "github.bad_token", LONG_AGO
    credential.save(update_fields=["error_code", "error_since"])
    for number in range(3):
        error = {"error_code": "github.bad_token", "error_since": LONG_AGO}
        create_project(credential=credential, name=f"shared {number}", **error)
    [item], count = everything()
    assert (item.kind, count, len(item.trouble.projects)) == ("project", 1, 3)
    page = open_page(client, create_superuser()).content.decode()
    assert "shared 2" in page
    assert page.count("GitHub refuses the token.") == 1


def test_trouble_that_passes_by_itself_waits_only_once_it_has_lasted():
    project = create_project(error_code="github.unavailable", error_since=NOW)
    assert everything() == ([], 0)
    Project.objects.filter(pk=project.pk).update(error_since=LONG_AGO)
    assert everything()[1] == 1


@pytest.mark.parametrize(
    ("cost", "words"), [("7.90", None), ("8.00", "80 % used"), ("12", "used up"), (None, None)]
)
def test_a_budget_waits_from_four_fifths_on(cost, words):
    project = create_project(monthly_budget_usd=Decimal(10))
    create_attempt(create_session(project=project), cost_usd=cost and Decimal(cost))
    items, _ = everything()
    assert [item.kind for item in items] == ([Kind.BUDGET] if words else [])
    assert all(words in item.reason for item in items)


def test_people_see_and_count_only_their_own(client):
    foreign = create_session(status="failed", completed_at=NOW, github_issue_title="of-others")
    create_project(error_code="git.refused", error_since=NOW, name="of-others")
    user = create_user(Role.VIEWER, is_staff=True)
    page = open_page(client, user)
    assert "of-others" not in page.content.decode()
    assert "Nothing waits for you" in page.content.decode()
    assert count_waiting(user) == 0
    assert open_page(client, user, project=foreign.project_id).status_code == 400


@pytest.mark.parametrize(("role", "shown"), [("viewer", False), ("operator", True), ("manager", True)])
def test_buttons_are_there_for_those_who_may_press_them(client, role, shown):
    session = create_session(status="failed", completed_at=NOW)
    create_membership(project=session.project, user=(user := create_user(is_staff=True)), role=role)
    retry = reverse("admin:session-verb", args=[session.pk, "retry"])
    assert (retry in open_page(client, user).content.decode()) is shown


@pytest.mark.parametrize(("role", "sync", "edit"), [("viewer", 0, 0), ("operator", 1, 0), ("manager", 1, 1)])
def test_a_project_in_trouble_offers_what_the_role_allows(client, role, sync, edit):
    project = create_project(error_code="git.refused", error_since=NOW)
    create_membership(project=project, user=(user := create_user(is_staff=True)), role=role)
    page = open_page(client, user).content.decode()
    assert page.count(reverse("admin:project-verb", args=[project.pk, "sync"])) == sync
    assert page.count(reverse("admin:projects_project_change", args=[project.pk])) == edit


def test_hostile_text_is_shown_and_not_obeyed(client):
    create_session(
        status="needs_review",
        github_issue_title='<script>alert(1)</script>"\u202eevil',
        last_error="<img src=x>\x1b[31m ghp_" + "a" * 36,
        project=create_project(name="<b>bold</b>"),
    )
    page = open_page(client, create_superuser()).content.decode()
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "<b>bold" not in page
    assert "\x1b" not in page
    assert "ghp_aaaa" not in page


def test_each_button_has_a_name_of_its_own(client):
    project = create_project()
    for number, (_, row) in enumerate(WAITS):
        numbered = {"pr_number": number} if "pr_number" in row else {}
        create_session(project=project, **row | numbered)
    page = open_page(client, create_superuser()).content.decode()
    names = re.findall(r'aria-label="([^"]+)"', page)
    assert len(names) == len(set(names))


def test_filters_are_a_url_and_an_unknown_one_is_refused(client):
    create_session(status="failed", completed_at=NOW, github_issue_title="one that failed")
    create_session(status="needs_review", github_issue_title="one in review")
    user = create_superuser()
    page = open_page(client, user, kind="failed").content.decode()
    assert "one that failed" in page
    assert "one in review" not in page
    for bad in ({"kind": "x"}, {"project": "9" * 20}, {"page": "0"}, {"page": "9"}, {"other": "1"}):
        answer = open_page(client, user, **bad)
        assert answer.status_code == 400
        assert next(iter(bad)) in answer.content.decode()


def test_queries_do_not_grow_with_what_waits(client, django_assert_max_num_queries):
    user = create_superuser()
    client.force_login(user)
    for _ in range(30):
        create_session(status="failed", completed_at=NOW)
        create_project(error_code="x", error_since=NOW, monthly_budget_usd=1)
    with django_assert_max_num_queries(4):
        count_waiting(user)
    with django_assert_max_num_queries(15):
        assert client.get(reverse("admin:attention")).status_code == 200
