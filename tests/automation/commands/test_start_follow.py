"""start_session --follow: what a worker's agent does is shown until the session rests."""

from __future__ import annotations

import json
import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from automation import pipeline, rest
from automation.demo import story
from issues.models import IssueSession
from issues.states import Status
from issues.sync import sync_project
from projects import leases
from projects.connection import connect
from tests.automation.commands.calling import run_command
from tests.factories import create_session
from tests.flows.workers import eventually
from tests.linking import link

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def session(hub, settings, token, tmp_path):
    settings.AUTOWRKERS_WORKSPACE_ROOT = tmp_path / "workspace"
    settings.AUTOWRKERS_LOG_ROOT = tmp_path / "logs"
    script = tmp_path / "agent.json"
    script.write_text(story.agent_script())
    hub.create_issue("acme/calc", story.MEDIAN.title, story.MEDIAN.body)
    project = link(hub, settings, token, agent_command=str(script), **story.COMMANDS)
    sync_project(project, connect(project))
    return project.sessions.get()


@pytest.fixture
def worker(session):
    """One that takes the session as soon as it is queued."""

    def work():
        try:
            eventually(lambda: IssueSession.objects.filter(queued_at__isnull=False).exists(), seconds=20)
            pipeline.advance(session.pk)
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    yield
    thread.join()


def test_it_shows_the_agent_and_ends_with_the_pull_request(session, worker):
    ran = run_command("start_session", "acme/calc", "1", "--follow")
    session.refresh_from_db()
    assert (ran.code, session.status) == (0, Status.PR_CREATED)
    assert "Attempt 1 with scripted:" in ran.err
    assert "The tests pass." in ran.err
    assert f"Pull request #{session.pr_number}" in ran.out


def test_as_json_lines_each_line_is_an_object_and_the_last_is_the_answer(session, worker):
    ran = run_command("start_session", "acme/calc", "1", "--follow", "--json-lines")
    *lines, answer = map(json.loads, ran.out.splitlines())
    assert {line["type"] for line in lines} == {"transcript"}
    assert any("The tests pass." in line["text"] for line in lines)
    assert (answer["ok"], answer["data"]["session"]["status"]) == (True, "pr_created")


@pytest.mark.parametrize(
    ("values", "rests"),
    [
        ({"queued": True}, False),
        ({"queued": True, "parked": True}, True),
        ({"queued": True, "parked": True, "changed_at": timedelta(hours=1)}, False),
        ({"queued": False}, True),
        ({"queued": False, "held": True}, False),
    ],
)
def test_a_session_rests_when_nobody_has_it_and_nobody_is_about_to(values, rests):
    now = timezone.now()
    session = create_session(
        status=Status.IN_PROGRESS,
        queued_at=now if values["queued"] else None,
        not_before=now + timedelta(hours=1) if values.get("parked") else None,
        changed_at=now + values.get("changed_at", timedelta()),
    )
    if values.get("held"):
        leases.claim(IssueSession, session.pk)
    assert rest.is_at_rest(session.pk) is rests


def test_a_reminder_is_said_at_most_every_ten_seconds(monkeypatch):
    said = []
    reminder = rest.Reminder(said.append)
    reminder("Waiting")
    monkeypatch.setattr(rest, "SAY_EVERY_SECONDS", 0)
    reminder("Waiting")
    assert said == ["Waiting (0 s)"]


def test_lines_as_json_without_following_are_a_wrong_use(session):
    ran = run_command("start_session", "acme/calc", "1", "--json-lines")
    session.refresh_from_db()
    assert (ran.code, session.queued_at) == (2, None)
    assert "--follow" in str(ran)
