"""Query strings of the admin's lists that no database can take: another list or a refusal, never a failure."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db import connection
from django.urls import reverse

from issues.models import Attempt, IssueSession, SessionEvent
from projects.changelist import ProjectFilter
from projects.models import AuditEvent
from tests.factories import create_attempt, create_session, create_superuser

EARLIEST, LATEST = "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"
DATES = [
    (IssueSession, "completed_at__gte"),
    (IssueSession, "completed_at__lt"),
    (Attempt, "started_at__gte"),
    (get_user_model(), "date_joined__gte"),
    (get_user_model(), "last_login__lt"),
]
LISTED = [model for model, owner in admin.site._registry.items() if ProjectFilter in owner.list_filter]


@pytest.fixture
def boss(client):
    client.force_login(create_superuser())
    client.raise_request_exception = False
    return client


def page(model):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("more", [{}, {"_export": "csv"}], ids=["list", "csv"])
@pytest.mark.parametrize("moment", [EARLIEST, LATEST])
def test_a_moment_that_a_database_cannot_take_is_refused(boss, moment, more):
    for model, column in DATES:
        answer = boss.get(page(model), {column: moment} | more)
        assert answer.status_code in (200, 302, 400), (model, column)
        if connection.vendor == "sqlite" and model is IssueSession:
            assert "too large or too small" in answer.content.decode()


@pytest.mark.services
@pytest.mark.django_db
@pytest.mark.parametrize("number", ["9" * 18, "9" * 19, "9" * 400, "9" * 5_000, "\u0661", "\u00b2"])
def test_a_number_of_no_project_finds_nothing(boss, number):
    session = create_session()
    create_attempt(session)
    for model in LISTED:
        answer = boss.get(page(model), {"project": number})
        assert answer.status_code == 200, model
        assert list(answer.context["cl"].result_list) == []
        assert boss.get(page(model), {"project": number, "_export": "csv"}).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("order", ["9" * 5_000, "-" + "9" * 5_000, "1." + "9" * 400, "\u0661", "\u00b2"])
def test_an_order_by_no_column_is_refused_by_name(boss, order):
    for model in (IssueSession, SessionEvent, AuditEvent, get_user_model()):
        answer = boss.get(page(model), {"o": order})
        assert answer.status_code == 400
        assert "The parameter o is" in answer.content.decode()
