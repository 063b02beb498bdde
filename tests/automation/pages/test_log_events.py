"""What the page's script asks for, and the download: nothing lost, nothing shown to strangers."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse
from django.utils import timezone

from automation.agents.transcripts import Transcript
from issues.states import Status
from projects.models import Role
from tests.factories import create_attempt, create_project, create_session, create_superuser, create_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def logs(settings, tmp_path):
    settings.AUTOWRKERS_LOG_ROOT = tmp_path


@pytest.fixture
def boss(client):
    client.force_login(create_superuser())
    return client


@pytest.fixture
def attempt():
    return create_attempt(create_session(status=Status.IN_PROGRESS), number=1, agent="command")


def poll(client, attempt, **params):
    response = client.get(reverse("admin:log-events", args=[attempt.pk]), params)
    assert response.status_code == 200
    return response.json()


def end(attempt, status=Status.FAILED):
    attempt.ended_at, attempt.outcome = timezone.now(), "done"
    attempt.save()
    session = attempt.issue_session
    session.status = status
    session.save()


def follow(client, attempt, position=0):
    seen = []
    while True:
        answer = poll(client, attempt, after=position)
        seen += [event["id"] for event in answer["events"]]
        if answer["next"] == position:
            return seen, answer
        position = answer["next"]


def test_polls_while_the_log_grows_and_turns_over_give_each_event_once(boss, attempt):
    position, seen = 0, []
    with Transcript(attempt.transcript_path, max_bytes=20_000) as transcript:
        for round_ in range(20):
            for number in range(10):
                transcript.write("stdout", f"line {round_ * 10 + number}")
            news, answer = follow(boss, attempt, position)
            assert not answer["done"]
            seen, position = seen + news, answer["next"]
    end(attempt)
    news, answer = follow(boss, attempt, position)
    assert (seen + news, answer["done"]) == ([f"e{number}" for number in range(200)], True)


def test_a_reply_is_at_most_64_kb_and_rendered_on_the_server(boss, attempt):
    with Transcript(attempt.transcript_path) as transcript:
        for number in range(3_000):
            transcript.write("stdout", f"<b>{number}</b>" + "<&" * (number % 90))
    position, total = 0, 0
    while True:
        response = boss.get(reverse("admin:log-events", args=[attempt.pk]), {"after": position})
        answer = response.json()
        assert len(response.content) < 75_000
        assert all("<b>" not in event["html"].partition("event-body")[2] for event in answer["events"])
        total += len(answer["events"])
        if answer["next"] == position:
            break
        position = answer["next"]
    assert total == 3_000


def test_a_result_brings_its_call_again_under_the_same_id(boss, attempt):
    attempt.agent = "claude_code"
    attempt.save()
    call = {"type": "tool_use", "id": "t", "name": "Bash", "input": {"command": "ls"}}
    done = {"type": "tool_result", "tool_use_id": "t", "content": "a.py"}
    with Transcript(attempt.transcript_path) as transcript:
        transcript.write("stdout", json.dumps({"type": "assistant", "message": {"content": [call]}}))
        first = poll(boss, attempt)
        assert ("running" in first["events"][0]["html"], first["next"]) == (True, 1)
        transcript.write("stdout", json.dumps({"type": "user", "message": {"content": [done]}}))
        second = poll(boss, attempt, after=1)
    assert [event["id"] for event in second["events"]] == ["e0"]
    assert "a.py" in second["events"][0]["html"]
    assert second["next"] == 2


def test_it_goes_on_after_the_attempt_until_the_session_ends_or_the_next_attempt_starts(boss, attempt):
    with Transcript(attempt.transcript_path) as transcript:
        transcript.write("stdout", "x")
    end(attempt, Status.VERIFYING)
    answer = poll(boss, attempt, after=1)
    assert (answer["ended"], answer["done"], answer["later"]) == (True, False, None)
    create_attempt(attempt.issue_session, number=2)
    answer = poll(boss, attempt, after=1)
    assert (answer["done"], answer["later"]["number"]) == (True, 2)
    assert answer["later"]["url"].endswith("?tab=log&attempt=2")


def test_a_filter_holds_for_what_follows_too(boss, attempt):
    with Transcript(attempt.transcript_path) as transcript:
        transcript.write("stdout", "x")
        transcript.write("note", "timeout: It ran out of time.")
    answer = poll(boss, attempt, show="errors")
    assert ([event["id"] for event in answer["events"]], answer["next"]) == (["e1"], 2)


def test_a_log_that_is_not_there_yet_is_empty(boss, attempt):
    answer = poll(boss, attempt)
    del answer["head"]
    assert answer == {"events": [], "next": 0, "ended": False, "done": False, "later": None}


def test_each_reply_brings_the_head_of_the_page_as_it_is_now(boss, attempt, django_assert_max_num_queries):
    session = attempt.issue_session
    session.github_issue_title = "<b>x</b>"
    end(attempt, Status.PR_CREATED)
    attempt.cost_usd = 2
    attempt.save()
    with django_assert_max_num_queries(9):
        head = poll(boss, attempt)["head"]
    assert "PR created" in head["session-line"]
    assert "$ 2.00" in head["session-figures"]
    page = boss.get(reverse("admin:session", args=[session.pk])).content.decode()
    assert all(f'id="{place}"' in page for place in head)


@pytest.mark.parametrize(
    "params", [{"after": "x"}, {"after": "-1"}, {"after": "9" * 20}, {"after": ""}, {"show": "x"}]
)
def test_nonsense_is_refused_by_name(boss, attempt, params):
    response = boss.get(reverse("admin:log-events", args=[attempt.pk]), params)
    assert response.status_code == 400
    assert next(iter(params)) in response.json()["detail"]


def test_the_download_is_plain_text_as_a_file(boss, attempt):
    with Transcript(attempt.transcript_path) as transcript:
        transcript.write("stdout", "<b>x</b> \x1b[31m")
    response = boss.get(reverse("admin:log-raw", args=[attempt.pk]))
    assert b"".join(response.streaming_content) == b"<b>x</b> \n"
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    name = f"session-{attempt.issue_session_id}-attempt-1.txt"
    assert response["Content-Disposition"] == f'attachment; filename="{name}"'
    assert response["X-Content-Type-Options"] == "nosniff"
    stored = boss.get(reverse("admin:log-raw", args=[attempt.pk]), {"format": "jsonl"})
    assert json.loads(b"".join(stored.streaming_content))["line"] == "<b>x</b> \x1b[31m"
    assert boss.get(reverse("admin:log-raw", args=[attempt.pk]), {"format": "x"}).status_code == 400


def test_a_download_of_a_log_that_was_removed_is_not_found(boss, attempt):
    assert boss.get(reverse("admin:log-raw", args=[attempt.pk])).status_code == 404


def test_a_log_that_cannot_be_read_is_said_and_its_download_leads_to_where_it_is_said(boss, attempt):
    attempt.transcript_path.mkdir(parents=True)
    response = boss.get(reverse("admin:log-events", args=[attempt.pk]))
    assert response.status_code == 503
    assert "The log of this attempt cannot be read" in response.json()["detail"]
    for kind in ("txt", "jsonl"):
        download = boss.get(reverse("admin:log-raw", args=[attempt.pk]), {"format": kind})
        assert (download.status_code, download["Location"][-18:]) == (302, "?tab=log&attempt=1")


@pytest.mark.parametrize("name", ["log-events", "log-raw"])
def test_only_who_sees_the_project_gets_its_log(client, attempt, name):
    with Transcript(attempt.transcript_path) as transcript:
        transcript.write("stdout", "x")
    path = reverse(f"admin:{name}", args=[attempt.pk])
    assert client.get(path).status_code == 302
    client.force_login(create_user(Role.VIEWER, project=attempt.issue_session.project, is_staff=True))
    assert client.get(path).status_code == 200
    assert client.post(path).status_code == 405
    client.force_login(create_user(Role.MANAGER, project=create_project(), is_staff=True))
    assert client.get(path).status_code == 404
    assert client.get(reverse(f"admin:{name}", args=[10**6])).status_code == 404


def test_a_poll_takes_few_queries(boss, attempt, django_assert_max_num_queries):
    with django_assert_max_num_queries(5):
        poll(boss, attempt)
