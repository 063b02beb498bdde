"""The log through the API: data by position, until the attempt has ended."""

from __future__ import annotations

import json

import pytest
from django.utils import timezone

from automation.agents.transcripts import Transcript
from projects.models import Role
from tests.factories import (
    api_client,
    create_attempt,
    create_project,
    create_session,
    create_superuser,
    create_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def logs(settings, tmp_path):
    settings.AUTOWRKERS_LOG_ROOT = tmp_path


@pytest.fixture
def client():
    return api_client(create_superuser())


def path_of(session):
    return f"/api/issue-sessions/{session.pk}/log"


def test_events_are_data_in_order_until_the_attempt_has_ended(client):
    attempt = create_attempt(number=1, agent="codex")
    session = attempt.issue_session
    item = {"id": "i", "type": "command_execution", "command": "make", "status": "in_progress"}
    done = item | {"aggregated_output": "\x1b[31mFAILED", "exit_code": 2, "status": "failed"}
    with Transcript(attempt.transcript_path) as transcript:
        transcript.write("stdout", json.dumps({"type": "item.started", "item": item}))
        first = client.get(path_of(session)).json()
        transcript.write("stdout", json.dumps({"type": "item.completed", "item": done}))
    second = client.get(path_of(session), {"after": first["next"]}).json()
    assert [(event["kind"], event["name"], event["detail"]) for event in first["events"]] == [
        ("tool", "command_execution", "make")
    ]
    [event] = second["events"]
    assert event.pop("at").startswith("20")
    assert event == {
        "n": 1,
        "part": 0,
        "kind": "result",
        "name": "command_execution",
        "detail": "make",
        "text": "\x1b[31mFAILED",
        "is_error": True,
        "call": "i",
        "exit_status": 2,
    }
    assert (first["attempt"], first["next"], first["done"], second["next"], second["done"]) == (
        1,
        1,
        False,
        2,
        False,
    )
    attempt.ended_at = timezone.now()
    attempt.save()
    assert client.get(path_of(session), {"after": 1}).json()["done"]
    assert client.get(path_of(session), {"after": 2}).json() == {
        "attempt": 1,
        "events": [],
        "next": 2,
        "done": True,
    }


def test_long_logs_come_in_replies_of_64_kb_that_lose_nothing(client):
    attempt = create_attempt(number=1, agent="command", ended_at=timezone.now())
    with Transcript(attempt.transcript_path, max_bytes=400_000) as transcript:
        for number in range(900):
            transcript.write("stdout", f"{number} " + 'é\t"' * (number % 400))
    seen, position, is_done = [], 0, False
    while not is_done:
        response = client.get(path_of(attempt.issue_session), {"after": position})
        answer = response.json()
        assert len(response.content) < 66_000
        assert answer["next"] > position
        seen += answer["events"]
        position, is_done = answer["next"], answer["done"]
    gaps = [event for event in seen if event["kind"] == "gap"]
    numbers = [event["n"] for event in seen if event["kind"] != "gap"]
    assert len(gaps) == 1
    assert numbers == [*range(gaps[0]["n"]), *range(numbers[gaps[0]["n"]], 900)]


def test_a_huge_line_is_answered_in_a_small_reply(client):
    attempt = create_attempt(number=1, agent="command", ended_at=timezone.now())
    with Transcript(attempt.transcript_path) as transcript:
        for text in ("z" * 1_000_000, "\x01" * 1_000_000, "z" * 5_000_000, "end"):
            transcript.write("stdout", text)
    position, kinds = 0, []
    for _ in range(4):
        response = client.get(path_of(attempt.issue_session), {"after": position})
        assert len(response.content) < 66_000
        kinds += [event["kind"] for event in response.json()["events"]]
        position = response.json()["next"]
    assert (kinds, position) == (["output", "other", "other", "output"], 4)


def test_the_newest_attempt_is_answered_unless_another_is_asked_for(client):
    session = create_session()
    assert client.get(path_of(session)).json() == {"attempt": None, "events": [], "next": 0, "done": False}
    for number in (1, 2):
        create_attempt(session, number=number)
    assert client.get(path_of(session)).json()["attempt"] == 2
    assert client.get(path_of(session), {"attempt": 1}).json()["attempt"] == 1
    assert client.get(path_of(session), {"attempt": 3}).status_code == 404


@pytest.mark.parametrize(
    ("name", "value"),
    [("after", "x"), ("after", "-1"), ("after", ""), ("after", "9" * 30), ("attempt", "one"), ("page", "1")],
)
def test_what_cannot_be_meant_is_refused_by_name(client, name, value):
    answer = client.get(path_of(create_attempt().issue_session), {name: value})
    assert answer.status_code == 400
    assert name in answer.json()["errors"]


def test_a_log_that_cannot_be_read_is_a_problem_document(client):
    attempt = create_attempt(number=1)
    attempt.transcript_path.mkdir(parents=True)
    answer = client.get(path_of(attempt.issue_session))
    assert (answer.status_code, answer.json()["code"]) == (422, "log.unreadable")
    assert "cannot be read" in answer.json()["detail"]


def test_only_who_sees_the_project_gets_its_log():
    project = create_project()
    session = create_attempt(create_session(project=project)).issue_session
    viewer = api_client(create_user(Role.VIEWER, project=project))
    stranger = api_client(create_user(Role.MANAGER))
    assert viewer.get(path_of(session)).status_code == 200
    assert stranger.get(path_of(session)).status_code == 404
    assert viewer.post(path_of(session)).status_code == 405
