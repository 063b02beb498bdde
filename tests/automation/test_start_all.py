"""Start all with many pending issues: a few transactions, of which none is lost to a refusal."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.models.signals import post_save
from django.test.utils import CaptureQueriesContext

from automation import control
from issues.models import IssueSession, SessionEvent
from tests.factories import create_project, create_session

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]


@pytest.fixture
def project(monkeypatch):
    monkeypatch.setattr(control, "STARTED_AT_ONCE", 3)
    project = create_project()
    for number in range(1, 8):
        create_session(project=project, github_issue_number=number)
    return project


def queued(project):
    rows = project.sessions.filter(queued_at__isnull=False)
    return list(rows.order_by("github_issue_number").values_list("github_issue_number", flat=True))


def test_many_issues_are_queued_in_one_transaction(project):
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert control.start_all(project, actor="ann").queued == 7
    assert queued(project) == [1, 2, 3, 4, 5, 6, 7]
    begun = [query["sql"] for query in queries if query["sql"].startswith("BEGIN")]
    assert len(begun) == 3


def test_a_refusal_leaves_the_others_of_its_transaction_queued(project):
    def take_the_second(**_):
        post_save.disconnect(take_the_second, sender=SessionEvent)
        IssueSession.objects.filter(github_issue_number=2).update(status="skipped")

    post_save.connect(take_the_second, sender=SessionEvent)
    answer = control.start_all(project, actor="ann")
    assert (answer.queued, sum(answer.refused.values())) == (6, 1)
    assert queued(project) == [1, 3, 4, 5, 6, 7]
    assert SessionEvent.objects.filter(verb="queued").count() == 6
