"""While the database is away: every page says so, with 503 and when to come back, and nothing is half done."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.test import Client
from django.urls import reverse

from tests.factories import create_superuser

pytestmark = pytest.mark.django_db
PATHS = ["/admin/", "/admin/login/", "/api/projects"]


def away(error):
    def refuse(execute, sql, params, many, context):
        raise error("the server has closed the connection: password=s3cret")

    return refuse


@pytest.fixture
def client():
    client = Client(raise_request_exception=False)
    client.force_login(create_superuser())
    return client


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_each_page_answers_503_and_when_to_come_back(client, path, error):
    with connection.execute_wrapper(away(error)):
        answer = client.get(path)
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    text = answer.content.decode()
    assert "database" in text
    assert "s3cret" not in text
    assert client.get(reverse("admin:index")).status_code in (200, 302)


def test_another_failure_stays_one_of_ours(client):
    with connection.execute_wrapper(away(DatabaseError)):
        assert client.get("/admin/").status_code == 500
