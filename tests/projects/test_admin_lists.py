"""Lists of the admin: bounded counts and pages, orders and filters that an index serves, dates by default."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from automation.models import Effect, Notification, WebhookDelivery
from issues.models import Attempt, IssueSession, SessionEvent
from projects import changelist
from projects.models import AuditEvent, Role
from tests.factories import create_attempt, create_project, create_session, create_superuser, create_user
from verification.models import VerificationResult

pytestmark = [pytest.mark.django_db, pytest.mark.services]
LARGE = [
    IssueSession,
    Attempt,
    SessionEvent,
    VerificationResult,
    Effect,
    AuditEvent,
    WebhookDelivery,
    Notification,
]
DATED = [model for model in LARGE if model not in (IssueSession, AuditEvent)]


@pytest.fixture
def boss(client):
    client.force_login(create_superuser())
    return client


def page(model):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def event(session, *, days=0, actor="someone"):
    row = SessionEvent.objects.create(issue_session=session, actor=actor, verb="moved")
    SessionEvent.objects.filter(pk=row.pk).update(created_at=timezone.now() - timedelta(days=days))
    return row


def shown(client, model, **query):
    return [row.pk for row in client.get(page(model), query).context["cl"].result_list]


@pytest.mark.parametrize("model", LARGE)
def test_no_list_does_what_is_slow_at_a_million_rows(model):
    shown = admin.site.get_model_admin(model)
    assert shown.show_full_result_count is False
    assert shown.show_facets.name == "NEVER"
    assert shown.date_hierarchy is None
    for name in (name for name in shown.list_filter if isinstance(name, str)):
        field = model._meta.get_field(name)
        assert field.choices or field.get_internal_type() == "BooleanField", name


@pytest.mark.parametrize("model", LARGE)
def test_each_order_and_filter_of_a_list_has_an_index_that_ends_in_the_id(model):
    shown = admin.site.get_model_admin(model)
    order = [name for name in shown.ordering if name.lstrip("-") != "id"]
    assert shown.ordering[-1] == "-id"
    assert [*shown.sortable_by] == [name.lstrip("-") for name in order]
    kept = [list(index.fields) for index in model._meta.indexes]
    filters = [name for name in shown.list_filter if isinstance(name, str)]
    wanted = [[name, *order, "-id"] for name in filters] + ([[*order, "-id"]] if order else [])
    assert [fields for fields in wanted if fields not in kept] == []


@pytest.mark.parametrize("model", LARGE)
def test_a_list_leaves_large_columns_in_the_database(boss, model):
    with CaptureQueriesContext(connection) as captured:
        boss.get(page(model))
    rows = [query["sql"] for query in captured if f'FROM "{model._meta.db_table}"' in query["sql"]]
    for name in ("github_issue_body", "prompt", "output", "payload", "evidence", "intent"):
        assert not [sql for sql in rows if f'"{name}"' in sql]


def test_an_order_without_an_index_is_not_taken(boss):
    session = create_session()
    first, second = event(session, actor="b"), event(session, actor="a")
    column = 1 + list(admin.site.get_model_admin(SessionEvent).list_display).index("actor")
    assert shown(boss, SessionEvent, o=str(column)) == [second.pk, first.pk]


def test_the_order_of_a_date_turns_round_as_a_whole(boss):
    session = create_session()
    rows = [event(session).pk for _ in range(3)]
    SessionEvent.objects.update(created_at=timezone.now())
    assert shown(boss, SessionEvent) == rows[::-1]
    assert shown(boss, SessionEvent, o="1") == rows
    assert shown(boss, SessionEvent, o="-1") == rows[::-1]


def test_rows_of_the_past_week_are_shown_unless_more_is_asked(boss):
    session = create_session(github_issue_number=77)
    new, old = event(session), event(session, days=20)
    assert shown(boss, SessionEvent) == [new.pk]
    assert shown(boss, SessionEvent, since="30") == [new.pk, old.pk]
    assert shown(boss, SessionEvent, since="any") == [new.pk, old.pk]


def test_a_search_and_a_link_to_one_session_look_at_any_time(boss):
    session = create_session(github_issue_number=77)
    event(create_session(github_issue_number=78))
    old = event(session, days=20)
    assert shown(boss, SessionEvent, q="#77") == [old.pk]
    assert shown(boss, SessionEvent, q="no number") == []
    assert shown(boss, SessionEvent, issue_session__id__exact=session.pk) == [old.pk]


def test_a_span_of_time_that_is_none_is_refused_by_name(boss):
    for extra in ({}, {"_export": "csv"}):
        answer = boss.get(page(SessionEvent), {"since": "yesterday"} | extra)
        assert answer.status_code == 400
        assert "no such value of since." in answer.content.decode()


def test_a_count_stops_early_and_says_so(boss, monkeypatch):
    monkeypatch.setattr(changelist, "COUNTED", 5)
    monkeypatch.setattr(changelist, "PAGES_AHEAD", 0)
    monkeypatch.setattr(admin.site.get_model_admin(IssueSession), "list_per_page", 3)
    project = create_project()
    for _ in range(9):
        create_session(project=project)
    text = boss.get(page(IssueSession)).content.decode()
    assert "more than 5 issue sessions" in text
    assert "more than 6 issue sessions" in boss.get(page(IssueSession), {"p": "2"}).content.decode()
    assert "9 issue sessions" in boss.get(page(IssueSession), {"p": "3"}).content.decode()


def test_no_page_beyond_the_thousandth_is_looked_up(boss):
    create_session()
    answer = boss.get(page(IssueSession), {"p": "1001", "status__exact": "pending"}, follow=True)
    assert answer.redirect_chain[0][0].endswith("?status__exact=pending")
    assert "Lists end at page 1,000" in answer.content.decode()


def test_a_whole_table_is_estimated_on_postgresql_only_when_it_is_very_large(boss):
    WebhookDelivery.objects.bulk_create(WebhookDelivery(delivery_id=str(n), event="x") for n in range(60))
    text = boss.get(page(WebhookDelivery), {"since": "any"}).content.decode()
    assert "60 webhook deliveries" in text


@pytest.mark.parametrize("query", [{"q": "a\0b"}, {"status__exact": "\0"}, {"\0": "1"}])
def test_a_nul_byte_is_refused(boss, query):
    assert boss.get(page(IssueSession), query).status_code == 400


def test_a_few_projects_are_offered_and_any_other_is_found_by_its_name(boss):
    projects = [create_project(name=f"Team {n:02}") for n in range(changelist.OFFERED_PROJECTS + 5)]
    session = create_session(project=projects[-1])
    create_session(project=projects[0])
    answer = boss.get(page(IssueSession), {"project": "team 24"})
    assert [row.pk for row in answer.context["cl"].result_list] == [session.pk]
    text = answer.content.decode()
    assert "Team 00" in text
    assert text.count("Team 24") == 1  # in the row, and not among the offered
    assert 'value="team 24"' in text


def test_a_filter_by_name_reaches_no_foreign_project(client):
    mine = create_session(project=create_project(name="shared word"))
    create_session(project=create_project(name="shared word of others"))
    client.force_login(create_user(Role.VIEWER, project=mine.project, is_staff=True))
    assert shown(client, IssueSession, project="shared") == [mine.pk]


def test_a_verb_acts_on_a_few_hundred_rows_at_most(boss, monkeypatch):
    monkeypatch.setattr("projects.admin_scope.ACTED_AT_ONCE", 1)
    sessions = [create_session(), create_session()]
    body = {"action": "skip", "_selected_action": [sessions[0].pk], "select_across": "1"}
    answer = boss.post(page(IssueSession), body, follow=True)
    assert "Nothing was done" in answer.content.decode()
    assert set(IssueSession.objects.values_list("status", flat=True)) == {"pending"}


def test_a_list_costs_the_same_queries_for_many_rows(boss):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            boss.get(page(Attempt))
        return len(captured)

    create_attempt()
    few = queries()
    for _ in range(20):
        create_attempt()
    assert queries() == few
