"""How SQLite reads a superuser's lists: along their own order, however many projects there are."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import create_project, create_session, create_superuser

pytestmark = pytest.mark.django_db
LISTS = [
    "/admin/issues/issuesession/",
    "/admin/issues/issuesession/?q=two+words",
    "/admin/issues/issuesession/?status__exact=failed",
    "/admin/issues/sessionevent/?since=any",
    "/admin/verification/verificationresult/?since=any",
    "/api/issue-sessions",
    "/api/issue-sessions?status=failed",
    "/api/events",
]


def plan(sql):
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
        return [step for *_, step in cursor.fetchall()]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="The plans are SQLite's.")
@pytest.mark.parametrize("path", LISTS)
def test_a_superusers_list_is_read_in_its_own_order_and_never_sorted(client, path):
    create_session(status="failed")
    client.force_login(create_superuser())
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == 200
    tables = ("issues_issuesession", "issues_sessionevent", "verification_verificationresult")
    rows = [
        query["sql"] for query in queries if query["sql"].startswith(tuple(f'SELECT "{t}"' for t in tables))
    ]
    assert rows
    for sql in rows:
        assert "USE TEMP B-TREE FOR ORDER BY" not in plan(sql), plan(sql)


def test_a_superusers_list_leaves_archived_projects_out(client):
    create_session(github_issue_title="alive")
    create_session(github_issue_title="buried", project=create_project(archived_at="2026-01-01T00:00:00Z"))
    client.force_login(create_superuser())
    for path in LISTS[:1] + LISTS[5:6]:
        text = client.get(path).content.decode()
        assert "alive" in text
        assert "buried" not in text
