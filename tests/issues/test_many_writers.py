"""Many writers on one database: each waits its turn, none fails, nothing is lost, and readers are answered."""

from __future__ import annotations

import threading

import pytest
from django.db import DatabaseError, connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from issues import transitions
from issues.models import IssueSession, SessionEvent
from tests.factories import create_project, create_session, create_superuser

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]
WRITERS, MOVES = 20, 5


def test_twenty_writers_and_a_reader_wait_for_each_other_and_lose_nothing():
    project = create_project()
    sessions = [create_session(project=project) for _ in range(WRITERS)]
    ready, errors, codes = threading.Barrier(WRITERS + 1), [], []

    def write(session):
        ready.wait()
        try:
            for number in range(MOVES):
                transitions.stay(session, "queued", reason=f"move-{number}", queued_at=timezone.now())
        except (DatabaseError, transitions.Conflict) as error:
            errors.append(error)
        finally:
            connection.close()

    before = SessionEvent.objects.count()
    client = Client(raise_request_exception=False)
    client.force_login(create_superuser())
    threads = [threading.Thread(target=write, args=[session]) for session in sessions]
    for thread in threads:
        thread.start()
    ready.wait()
    for _ in range(3):
        codes.append(client.get(reverse("admin:index"), follow=True).status_code)
    for thread in threads:
        thread.join()
    assert errors == []
    assert codes == [200] * 3
    assert SessionEvent.objects.count() - before == WRITERS * MOVES
    assert set(IssueSession.objects.values_list("reason", flat=True)) == {f"move-{MOVES - 1}"}
