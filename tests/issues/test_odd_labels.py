"""Labels and reasons that somebody wrote into the database by hand, and that are no list of texts."""

from __future__ import annotations

import pytest
from django.db.models import JSONField, Value
from django.urls import reverse

from issues.models import IssueSession
from issues.sync import sync_project
from projects.connection import connect
from tests.factories import create_project, create_session, create_superuser
from tests.linking import link

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]
ODD = [5, True, None, "bug", {"a": 1}, [1, {"name": 2}, None, ["x"]]]


def write_by_hand(session, value):
    stored = Value(value, JSONField())
    IssueSession.objects.filter(pk=session.pk).update(github_issue_labels=stored, complexity_reasons=stored)


def test_every_page_and_reply_shows_a_session_with_odd_labels(client):
    project = create_project()
    sessions = [create_session(project=project, complexity_level="high") for _ in ODD]
    for session, value in zip(sessions, ODD, strict=True):
        write_by_hand(session, value)
    client.force_login(create_superuser())
    lists = [
        reverse("admin:board", args=[project.pk]),
        f"{reverse('admin:board', args=[project.pk])}?label=bug",
        "/admin/issues/issuesession/",
        "/admin/issues/issuesession/?_export=csv",
        "/api/issue-sessions",
        "/api/issue-sessions?label=bug",
        f"/api/projects/{project.pk}/issues",
    ]
    of_each = [
        path
        for session in sessions
        for path in (
            reverse("admin:session", args=[session.pk]),
            f"/admin/issues/issuesession/{session.pk}/change/",
            f"/api/issue-sessions/{session.pk}",
        )
    ]
    for path in lists + of_each:
        assert client.get(path).status_code == 200, path
    assert {tuple(row["github_issue_labels"]) for row in client.get(lists[4]).json()["results"]} == {()}


def test_texts_among_odd_labels_are_still_read():
    session = create_session()
    write_by_hand(session, ["bug", 7, None])
    session.refresh_from_db()
    assert (session.github_issue_labels, session.complexity_reasons) == (["bug"], ["bug"])


@pytest.mark.parametrize("value", ODD[:5:4])
def test_a_sync_puts_the_labels_right(hub, settings, token, value):
    project = link(hub, settings, token)
    number = hub.create_issue("acme/calc", "Sum is off", "by one", labels=["bug"])
    write_by_hand(create_session(project=project, github_issue_number=number), value)
    sync_project(project, connect(project))
    assert IssueSession.objects.get(project=project).github_issue_labels == ["bug"]
