"""Automation through the API: start, stop, status."""

from __future__ import annotations

import socket
from datetime import timedelta

import pytest
from django.utils import timezone

from automation.control import SYNC_INTERVAL, status_of
from issues.models import IssueSession
from issues.states import Status
from projects.models import AuditEvent, Project, Role
from tests.factories import (
    api_client,
    create_credential,
    create_project,
    create_session,
    create_superuser,
    create_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def client():
    return api_client(create_superuser(username="boss"))


def held(**fields):
    until = timezone.now() + timedelta(seconds=40)
    return create_session(lease_owner=f"{socket.gethostname()}:1:x", lease_until=until, **fields)


def test_start_and_stop_switch_and_leave_audit_rows_once(client):
    project = create_project()
    path = f"/api/projects/{project.pk}/automation"
    assert [client.post(f"{path}/start").json()["running"] for _ in range(2)] == [True, True]
    assert [client.post(f"{path}/stop").json()["running"] for _ in range(2)] == [False, False]
    assert list(AuditEvent.objects.order_by("id").values_list("verb", flat=True)) == [
        "automation.started",
        "automation.stopped",
    ]


def test_status_answers_the_published_fields(client, settings):
    settings.AUTOWRKERS_AGENT_SLOTS = 2
    project = create_project(max_concurrent=3)
    create_session(project=project)
    held(project=project, status=Status.IN_PROGRESS)
    create_session()
    assert client.get(f"/api/projects/{project.pk}/automation/status").json() == {
        "running": False,
        "auto_sync": True,
        "auto_start": False,
        "running_sessions": 1,
        "pending": 1,
        "slots_free": 1,
        "last_tick": None,
        "next_sync": None,
        "blocked_reason": None,
    }


def test_stop_lets_running_sessions_finish(client):
    session = held(status=Status.IN_PROGRESS)
    client.post(f"/api/projects/{session.project_id}/automation/stop")
    client.post(f"/api/projects/{session.project_id}/automation/stop", {"stop_running": False})
    assert IssueSession.objects.get().requested_verb == ""


def test_stop_running_stops_what_has_begun_and_empties_the_queue_of_this_project_only(client):
    project = create_project()
    running = held(project=project, status=Status.IN_PROGRESS)
    preparing = held(project=project)
    parked = create_session(project=project, status=Status.VERIFYING)
    waiting = create_session(project=project)
    queued = create_session(project=project, queued_at=timezone.now(), queued_by="ann")
    followed = create_session(project=project, status=Status.PR_CREATED)
    foreign = held(status=Status.IN_PROGRESS)
    client.post(f"/api/projects/{project.pk}/automation/stop", {"stop_running": True})
    rows = {row.pk: (row.status, row.requested_verb) for row in IssueSession.objects.all()}
    assert rows == {
        running.pk: ("in_progress", "stop"),
        preparing.pk: ("pending", "stop"),
        parked.pk: ("needs_review", ""),
        waiting.pk: ("pending", ""),
        queued.pk: ("pending", ""),
        followed.pk: ("pr_created", ""),
        foreign.pk: ("in_progress", ""),
    }
    queued.refresh_from_db()
    assert queued.queued_at is None


@pytest.mark.parametrize("body", [{"stop_running": "maybe"}, {"stop": True}, {"stop_running": None}, [1]])
def test_a_wrong_wish_changes_nothing(client, body):
    project = create_project(automation_enabled=True)
    assert client.post(f"/api/projects/{project.pk}/automation/stop", body).status_code == 400
    assert Project.objects.get().automation_enabled


def test_a_viewer_sees_the_status_and_may_not_switch():
    project = create_project()
    client = api_client(create_user(Role.VIEWER, project=project))
    assert client.get(f"/api/projects/{project.pk}/automation/status").status_code == 200
    assert client.post(f"/api/projects/{project.pk}/automation/start").status_code == 403
    assert not Project.objects.get().automation_enabled


def test_the_next_sync_follows_the_last_one_unless_something_keeps_it_back():
    now = timezone.now()
    project = create_project(automation_enabled=True, last_synced_at=now)
    assert status_of(project, now).next_sync == now + SYNC_INTERVAL
    project.retry_at = now + timedelta(hours=1)
    assert status_of(project, now).next_sync == project.retry_at
    project.sync_requested_at = now
    assert status_of(project, now).next_sync == now


def test_a_sync_that_was_asked_for_and_failed_is_tried_again_when_the_projects_rest_is_over():
    now = timezone.now()
    asked, rest = now - timedelta(seconds=20), now + timedelta(seconds=10)
    project = create_project(sync_requested_at=asked, last_tended_at=now, retry_at=rest)
    assert status_of(project, now).next_sync == rest
    assert status_of(project, rest + timedelta(seconds=5)).next_sync == rest + timedelta(seconds=5)
    project.sync_requested_at = now + timedelta(seconds=1)
    assert status_of(project, rest - timedelta(seconds=5)).next_sync == rest - timedelta(seconds=5)


def test_what_blocks_is_told_from_the_project_or_its_credential():
    now = timezone.now()
    credential = create_credential()
    project = create_project(credential=credential)
    assert status_of(project, now).blocked_reason is None
    credential.rate_retry_at = now + timedelta(hours=1)
    assert "rate limit" in status_of(project, now).blocked_reason
    credential.error_code, credential.error_message = "github.bad_token", "GitHub refused the token."
    assert status_of(project, now).blocked_reason == "GitHub refused the token."
    project.error_code, project.error_message = "github.not_found", "No such repository."
    assert status_of(project, now).blocked_reason == "No such repository."
