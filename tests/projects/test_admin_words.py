"""Lists of the admin in words: their titles, columns and codes, and what an empty one says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import timezone

from automation.models import WebhookDelivery
from issues.models import Attempt, IssueSession, SessionEvent
from projects.columns import spelled, worded
from projects.models import ApiToken, Project, Role
from tests.factories import (
    create_attempt,
    create_delivery,
    create_project,
    create_result,
    create_session,
    create_superuser,
    create_user,
)

pytestmark = pytest.mark.django_db
SCOPED = [model for model, shown in admin.site._registry.items() if hasattr(shown, "empty_text")]


@pytest.fixture
def boss(client):
    client.force_login(create_superuser())
    return client


def page(model, name="changelist", *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=args)


def text_of(client, model, **query):
    return client.get(page(model), query).content.decode()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("checks_failed", "Checks failed"),
        ("github.bad_token", "GitHub bad token"),
        ("cost usd", "Cost (USD)"),
        ("api tokens", "API tokens"),
        ("", ""),
    ],
)
def test_codes_and_names_are_said_in_words(code, words):
    assert worded(code) == words
    assert spelled(code).lower() == words.lower()


@pytest.mark.parametrize(
    ("model", "title"), [(IssueSession, "Issue sessions"), (ApiToken, "API tokens"), (Group, "Groups")]
)
def test_a_list_is_called_by_what_it_holds(boss, model, title):
    text = text_of(boss, model)
    assert f"<h1>{title}</h1>" in text
    assert f"<title>{title} | Autowrkers</title>" in text
    assert "Api token" not in text


def test_api_tokens_are_called_so_on_every_page_of_the_admin(boss):
    token = ApiToken.objects.create(user=create_user(Role.VIEWER, project=create_project()), token_hash="x")
    pages = ["/admin/data/", "/admin/projects/", page(ApiToken, "change", token.pk), page(ApiToken, "add")]
    for address in pages:
        text = boss.get(address).content.decode()
        assert "API token" in text, address
        assert "Api token" not in text, address


def test_reasons_outcomes_and_troubles_are_words_in_lists_and_records(boss):
    project = create_project(error_code="github.bad_token")
    session = create_session(project=project, status="failed", reason="checks_failed")
    attempt = create_attempt(session, outcome="turn_limit")
    assert "GitHub bad token" in text_of(boss, Project)
    assert "Checks failed" in text_of(boss, IssueSession)
    assert "Checks failed" in boss.get(page(IssueSession, "change", session.pk)).content.decode()
    assert "checks_failed" not in text_of(boss, IssueSession)
    assert "Turn limit" in text_of(boss, Attempt)
    assert "Turn limit" in boss.get(page(Attempt, "change", attempt.pk)).content.decode()


def test_agents_costs_lengths_and_former_states_are_said_as_people_read_them(boss):
    labels = {"github_issue_labels": ["bug", "refunds"], "issue_author_association": "FIRST_TIME_CONTRIBUTOR"}
    session = create_session(**labels)
    attempt = create_attempt(session, agent="claude_code", cost_usd="0.7560")
    result = create_result(session, passed=False, fault="no_sandbox", duration_ms=46_200)
    states = {"old_status": "in_progress", "new_status": "needs_review"}
    event = SessionEvent.objects.create(issue_session=session, actor="x", verb="moved", **states)
    for row, words, codes in (
        (attempt, (">Claude Code<", ">$ 0.76<", ">Cost<"), ("claude_code", "0.7560")),
        (result, (">46.2 s<", ">No sandbox<", ">Duration<"), ("46200", "no_sandbox")),
        (event, (">In progress<", ">Needs review<", ">Moved<"), ("in_progress", "needs_review")),
    ):
        text = text_of(boss, type(row))
        record = boss.get(page(type(row), "change", row.pk)).content.decode()
        assert [word for word in words if word not in text] == []
        assert [word for word in words[:2] if word not in record] == []
        assert [code for code in codes if code in text or code in record] == []
    record = boss.get(page(IssueSession, "change", session.pk)).content.decode()
    assert ">bug, refunds<" in record
    assert ">First time contributor<" in record
    assert ">None<" not in record


def test_events_of_deliveries_are_said_in_words(boss):
    create_delivery(event="pull_request_review")
    assert ">Pull request review<" in text_of(boss, WebhookDelivery)


def test_tries_that_failed_are_not_called_attempts(boss):
    session = create_session(attempts=2)
    text = text_of(boss, IssueSession)
    assert "<span>Failed tries</span>" in text
    assert "<span>Attempts</span>" not in text
    assert "Failed tries:" in boss.get(page(IssueSession, "change", session.pk)).content.decode()


def test_moments_in_lists_and_records_are_written_with_their_time_zone(boss):
    moment = datetime(2026, 12, 1, 11, 17, tzinfo=UTC)
    project = create_project(last_synced_at=moment)
    for address in (page(Project), page(Project, "change", project.pk)):
        assert "2026-12-01 11:17 UTC" in boss.get(address).content.decode(), address


def test_an_issue_leads_to_its_page_and_its_record_is_one_more_click(boss):
    session = create_session(github_issue_number=31)
    text = text_of(boss, IssueSession)
    assert f'<a href="{reverse("admin:session", args=[session.pk])}">#31' in text
    assert f">Record {session.pk}</a>" in text


def test_the_navigation_is_at_the_top_alone(boss):
    assert "nav-sidebar" not in text_of(boss, IssueSession)


@pytest.mark.parametrize("model", SCOPED)
def test_every_table_says_how_rows_come_into_being(model):
    assert admin.site.get_model_admin(model).empty_text.endswith(".")


@pytest.mark.parametrize("model", [Project, IssueSession, Group])
def test_an_empty_list_says_so_and_offers_nothing_to_do_with_rows(boss, model):
    text = text_of(boss, model)
    assert "Nothing here yet." in text
    assert "Export as CSV" not in text
    assert 'name="action"' not in text


def test_an_empty_list_leads_to_the_next_step(boss, client):
    assert f'href="{page(Project, "add")}">Add project</a>' in text_of(boss, Project)
    assert f'href="{reverse("admin:index")}">Go to the projects</a>' in text_of(boss, IssueSession)
    client.force_login(create_user(Role.VIEWER, project=create_project(), is_staff=True))
    assert ">Add project</a>" not in text_of(client, Project, q="none of this name")


def test_a_search_without_a_hit_can_be_cleared(boss):
    create_session()
    for query in ({"q": "zzz"}, {"status__exact": "failed"}):
        text = text_of(boss, IssueSession, **query)
        assert "Nothing matches" in text
        assert '<a class="btn" href="?">' in text


def test_a_week_without_rows_leads_to_any_time(boss):
    event = SessionEvent.objects.create(issue_session=create_session(), actor="x", verb="moved")
    SessionEvent.objects.filter(pk=event.pk).update(created_at=timezone.now() - timedelta(days=20))
    text = text_of(boss, SessionEvent)
    assert "Nothing in the past 7 days." in text
    assert 'href="?since=any"' in text
    assert "Nothing here yet." not in text
