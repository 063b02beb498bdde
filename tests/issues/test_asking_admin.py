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
    sessions = [create_session(github_issue_title=f"Title {number}") for number in range(23)]
    body = {"action": verb, "_selected_action": [session.pk for session in sessions]}
    text = boss.post(page(IssueSession), body).content.decode()
    assert f"{verb.capitalize()} 23 sessions" in text
    assert text.count("Title ") == 20
    assert "and 3 more" in text
    assert text.count('name="_selected_action"') == 23
    assert not SessionEvent.objects.filter(actor="boss").exists()
