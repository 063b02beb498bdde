"""A list's action that ends work says first whose, and does nothing before that was answered."""

from __future__ import annotations

import pytest

from issues.models import IssueSession, SessionEvent
from tests.factories import create_session, create_user
from tests.projects.admin_forms import page

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(client):
    client.force_login(create_user(username="boss", is_staff=True, is_superuser=True))
    return client


@pytest.mark.parametrize("verb", ["skip", "stop"])
def test_an_action_that_ends_work_names_the_sessions_and_asks_first(boss, verb):
    sessions = [
        create_session(github_issue_title=f"Title {number}", status="in_progress") for number in range(23)
    ]
    body = {"action": verb, "_selected_action": [session.pk for session in sessions]}
    text = boss.post(page(IssueSession), body).content.decode()
    assert f"{verb.capitalize()} 23 sessions" in text
    assert text.count("Title ") == 20
    assert "and 3 more" in text
    assert text.count('name="_selected_action"') == 23
    assert not SessionEvent.objects.filter(actor="boss").exists()


def test_what_the_action_would_not_change_is_only_counted(boss):
    done = [create_session(github_issue_title="Title", status="completed") for _ in range(2)]
    session = create_session(github_issue_title="Title")
    body = {"action": "skip", "_selected_action": [each.pk for each in (session, *done)]}
    text = boss.post(page(IssueSession), body).content.decode()
    assert "Skip 1 session?" in text
    assert text.count("Title") == text.count('name="_selected_action"') == 1
    assert "2 of the chosen stand where nothing is left to skip." in text
    body["_selected_action"] = [each.pk for each in done]
    assert boss.post(page(IssueSession), body).status_code == 302, "nothing is asked about nothing"
