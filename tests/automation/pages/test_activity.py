"""The moment of a session's last activity: one for all pages, moved by whatever happens to the session."""

from __future__ import annotations

import importlib
import re
from datetime import timedelta

import pytest
from django.apps import apps
from django.urls import reverse
from django.utils import timezone

from automation.attempts import begin
from issues import transitions, verbs
from issues.models import IssueSession, SessionEvent
from issues.states import Status
from projects import leases
from projects.models import Role
from tests.factories import create_project, create_session, create_user

pytestmark = [pytest.mark.django_db, pytest.mark.services, pytest.mark.broker]
AGO = timezone.now() - timedelta(hours=5)


def test_board_and_session_tell_the_same_moment(client):
    session = create_session(project=create_project(last_synced_at=timezone.now()))
    client.force_login(create_user(Role.VIEWER, project=session.project, is_staff=True))
    IssueSession.objects.update(changed_at=AGO, created_at=AGO - timedelta(days=1))
    told = re.escape(f'datetime="{AGO.isoformat(timespec="seconds")}"')
    on_page = client.get(reverse("admin:session", args=[session.pk])).content.decode()
    on_board = client.get(reverse("admin:board", args=[session.project_id])).content.decode()
    assert re.search(rf"<dt>Last activity</dt><dd><time [^>]*{told}", on_page)
    assert re.search(rf"active <time [^>]*{told}", on_board)


def _begin(session):
    lease = leases.claim(IssueSession, session.pk)
    begin(session, lease=lease, kind="first", prompt="", agent="command", agent_session_id="", base_sha="")


@pytest.mark.parametrize(
    "happens",
    [
        lambda session: transitions.move(session, Status.IN_PROGRESS),
        lambda session: transitions.stay(session, "parked"),
        lambda session: transitions.note(session, "noted", actor="ann"),
        lambda session: transitions.touch(session, github_issue_title="New"),
        lambda session: verbs.start(session, actor="ann"),
        _begin,
    ],
)
def test_whatever_happens_to_a_session_moves_it(happens):
    session = create_session()
    IssueSession.objects.update(changed_at=AGO)
    session.refresh_from_db()
    happens(session)
    assert session.changed_at == IssueSession.objects.get().changed_at > AGO


def test_rows_of_earlier_versions_take_it_from_their_newest_event_or_time():
    told, begun, still = (create_session(started_at=None, issue_updated_at=None) for _ in range(3))
    transitions.note(told, "noted", actor="ann")
    SessionEvent.objects.update(created_at=AGO)
    IssueSession.objects.update(created_at=AGO - timedelta(days=2))
    IssueSession.objects.filter(pk=begun.pk).update(started_at=AGO - timedelta(days=1))
    importlib.import_module("issues.migrations.0004_changed_at").fill(apps, None)
    found = dict(IssueSession.objects.values_list("pk", "changed_at"))
    assert found == {
        told.pk: AGO,
        begun.pk: AGO - timedelta(days=1),
        still.pk: AGO - timedelta(days=2),
    }
