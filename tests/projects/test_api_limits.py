"""How often a caller may ask: by user or address, shared by all processes."""

from __future__ import annotations

import threading

import pytest
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from projects.models import Project, RequestCount
from tests.factories import api_client, create_project, create_superuser


@pytest.fixture(autouse=True)
def limits(settings, monkeypatch):
    """The minute does not turn while a test counts."""
    settings.API_READS_PER_MINUTE, settings.API_CHANGES_PER_MINUTE = 4, 2
    settings.API_ANONYMOUS_PER_MINUTE = 3
    monkeypatch.setattr("projects.throttling.time.time", lambda: 1_800_000_010.0)


def ask(client, times, path="/api/projects"):
    return [client.get(path).status_code for _ in range(times)]


@pytest.mark.django_db
def test_beyond_the_limit_the_answer_is_429_and_says_when_to_come_back():
    client = api_client(create_superuser())
    first = client.get("/api/projects")
    assert [first[f"RateLimit-{name}"] for name in ("Limit", "Remaining", "Reset")] == ["4", "3", "50"]
    assert ask(client, 3) == [200, 200, 200]
    refused = client.get("/api/projects")
    assert (refused.status_code, refused.json()["code"]) == (429, "throttled")
    assert (refused["Retry-After"], refused["RateLimit-Remaining"]) == ("50", "0")
    assert refused["Content-Type"] == "application/problem+json"


@pytest.mark.django_db
def test_a_new_minute_begins_anew(monkeypatch):
    client = api_client(create_superuser())
    assert ask(client, 5)[-1] == 429
    monkeypatch.setattr("projects.throttling.time.time", lambda: 1_800_000_060.0)
    assert ask(client, 1) == [200]


@pytest.mark.django_db
def test_changes_have_a_lower_limit_of_their_own_and_change_nothing_beyond_it():
    project = create_project()
    client = api_client(create_superuser())
    path = f"/api/projects/{project.pk}"
    answers = [client.patch(path, {"name": f"n{number}"}).status_code for number in range(3)]
    assert answers == [200, 200, 429]
    assert Project.objects.get().name == "n1"
    assert ask(client, 1) == [200]


@pytest.mark.django_db
def test_all_tokens_of_a_user_and_the_user_share_one_count():
    user = create_superuser()
    assert ask(api_client(user), 3) == [200, 200, 200]
    assert ask(api_client(user), 2) == [200, 429]
    browser = Client()
    browser.force_login(user)
    assert ask(browser, 1) == [429]
    assert ask(api_client(create_superuser()), 1) == [200]


@pytest.mark.django_db
def test_who_has_no_valid_token_is_counted_by_address_whatever_headers_say():
    guesses = [APIClient(headers={"Authorization": f"Bearer aw_{number}"}) for number in range(3)]
    assert [client.get("/api/projects").status_code for client in guesses] == [401, 401, 401]
    liar = APIClient(headers={"X-Forwarded-For": "10.0.0.9"})
    assert liar.get("/api/projects").status_code == 429
    assert APIClient(REMOTE_ADDR="10.0.0.9").get("/api/projects").status_code == 401


@pytest.mark.django_db
def test_zero_is_no_limit_and_costs_nothing(settings):
    settings.API_READS_PER_MINUTE = 0
    assert set(ask(api_client(create_superuser()), 9)) == {200}
    assert not RequestCount.objects.exists()


@pytest.mark.django_db
def test_rows_of_callers_that_have_gone_are_cleared():
    RequestCount.objects.create(caller="read user 999", window=1)
    api_client(create_superuser()).get("/api/projects")
    assert not RequestCount.objects.filter(caller="read user 999").exists()


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_requests_at_the_same_moment_are_all_counted():
    client = api_client(create_superuser())
    gate, answers = threading.Barrier(8), []

    def knock():
        gate.wait(20)
        answers.append(client.get("/api/projects").status_code)
        connection.close()

    threads = [threading.Thread(target=knock) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(answers) == [200] * 4 + [429] * 4
