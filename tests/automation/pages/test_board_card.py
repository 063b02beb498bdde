"""A card of the board: its attempt, how long agents worked and for what, and whether somebody is at it."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from issues.models import Attempt, IssueSession
from projects.models import Role
from tests.factories import create_attempt, create_project, create_session, create_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return create_project(last_synced_at=timezone.now())


@pytest.fixture
def manager(client, project):
    client.force_login(create_user(Role.MANAGER, project=project, is_staff=True))
    return client


def page(client, project):
    answer = client.get(reverse("admin:board", args=[project.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_card_tells_attempt_time_and_cost_of_its_agents(manager, project):
    now = timezone.now()
    session = create_session(project=project, status="failed", attempts=3, round=2)
    for number, of_round, minutes, cost in ((1, 1, 50, "1"), (2, 2, 9, "0.5"), (3, 2, 6, "0.25")):
        agent = create_attempt(session, number=number, round=of_round, cost_usd=Decimal(cost), ended_at=now)
        Attempt.objects.filter(pk=agent.pk).update(started_at=now - timedelta(minutes=minutes))
    text = page(manager, project)
    assert "Attempt 3<" in text
    assert ">agents worked 15 min<" in text
    assert ">$ 1.75<" in text
    create_attempt(session, ended_at=now)
    assert ">at least $ 1.75<" in page(manager, project)


def test_a_cost_that_nobody_told_is_a_dash(manager, project):
    create_attempt(create_session(project=project, status="failed"), ended_at=timezone.now())
    assert re.search(r'as agents told it">–<', page(manager, project))


def test_a_card_between_two_attempts_does_not_say_that_somebody_is_at_it(manager, project):
    now = timezone.now()
    session = create_session(project=project, status="in_progress", queued_at=now)
    assert "Waiting for its next try" in page(manager, project)
    IssueSession.objects.filter(pk=session.pk).update(lease_until=now + timedelta(minutes=1))
    text = page(manager, project)
    assert "Waiting for its next try" not in text
    assert "In progress" in text
