"""ETags of projects: nobody overwrites what they never saw, nobody reads twice what is unchanged."""

from __future__ import annotations

import threading

import pytest
from django.db import connection
from django.utils import timezone

from projects.models import AuditEvent, Project, Role
from tests.factories import api_client, create_project, create_session, create_superuser, create_user


@pytest.fixture
def client(db):
    return api_client(create_superuser())


@pytest.fixture
def path(db):
    return f"/api/projects/{create_project().pk}"


def change(client, path, method, tag):
    body = {"name": "new", "github_repo": "octo/new"}
    return getattr(client, method)(path, None if method == "delete" else body, headers={"If-Match": tag})


@pytest.mark.parametrize(("method", "status"), [("put", 200), ("patch", 200), ("delete", 204)])
def test_the_present_etag_lets_the_change_through(client, path, method, status):
    assert change(client, path, method, client.get(path)["ETag"]).status_code == status


@pytest.mark.parametrize("tag", ['"other"', 'W/"weak"', "unquoted", "", '"a", "b"'])
@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_another_etag_changes_nothing(client, path, method, tag):
    before = Project.objects.values().get()
    answer = change(client, path, method, tag)
    assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")
    assert answer["ETag"] == client.get(path)["ETag"]
    assert Project.objects.values().get() == before
    assert not AuditEvent.objects.exists()


def test_a_weak_form_of_the_present_etag_is_not_enough_to_write(client, path):
    assert change(client, path, "patch", f"W/{client.get(path)['ETag']}").status_code == 412


def test_one_of_several_etags_and_the_star_match(client, path):
    assert change(client, path, "patch", f'"other", {client.get(path)["ETag"]}').status_code == 200
    assert change(client, path, "patch", "*").status_code == 200


def test_every_change_gives_a_new_etag_and_answers_it(client, path):
    old = client.get(path)["ETag"]
    changed = client.patch(path, {"max_concurrent": 7})
    assert changed["ETag"] == client.get(path)["ETag"] != old
    assert change(client, path, "patch", old).status_code == 412


@pytest.mark.parametrize(
    "state",
    [{"last_synced_at": timezone.now()}, {"workspace_bytes": 7}, {"error_code": "x", "error_message": "y"}],
)
def test_what_nobody_sets_refuses_no_change_and_hides_no_news(client, path, state):
    tag = client.get(path)["ETag"]
    Project.objects.update(**state)
    news = client.get(path, headers={"If-None-Match": tag})
    assert news.status_code == 200
    assert news["ETag"] != tag
    assert change(client, path, "patch", tag).status_code == 200


@pytest.mark.parametrize(
    "state", [{"automation_enabled": True}, {"monthly_budget_usd": 7}, {"auto_sync": False}]
)
def test_what_people_switch_and_set_refuses_a_change(client, path, state):
    tag = client.get(path)["ETag"]
    Project.objects.update(**state)
    assert change(client, path, "patch", tag).status_code == 412


def test_a_secret_that_was_given_meanwhile_refuses_a_change(client, path):
    tag = client.get(path)["ETag"]
    assert client.patch(path, {"webhook_secret": "s" * 20}).status_code == 200
    assert change(client, path, "patch", tag).status_code == 412


def test_a_sync_takes_no_condition(client, path):
    answer = client.post(f"{path}/sync", headers={"If-Match": '"x"'})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["If-Match"])
    assert not AuditEvent.objects.exists()


def test_what_is_unchanged_is_not_sent_again(client, path):
    tag = client.get(path)["ETag"]
    for asked in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        answer = client.get(path, headers={"If-None-Match": asked})
        assert (answer.status_code, answer.content, answer["ETag"]) == (304, b"", tag)
    assert client.get(path, headers={"If-None-Match": '"x"'}).status_code == 200


def test_a_foreign_project_is_404_and_a_viewer_403_before_any_etag(path):
    session = create_session()
    viewer = api_client(create_user(Role.VIEWER, project=session.project))
    assert change(viewer, path, "patch", '"x"').status_code == 404
    assert change(viewer, f"/api/projects/{session.project_id}", "patch", '"x"').status_code == 403


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_of_changes_at_the_same_moment_on_one_etag_one_wins():
    path = f"/api/projects/{create_project().pk}"
    client = api_client(create_superuser())
    tag = client.get(path)["ETag"]
    gate, answers = threading.Barrier(6), []

    def ask(number):
        gate.wait(20)
        answer = client.patch(path, {"max_concurrent": number}, headers={"If-Match": tag})
        answers.append(answer.status_code)
        connection.close()

    threads = [threading.Thread(target=ask, args=[number]) for number in range(10, 16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(answers) == [200, 412, 412, 412, 412, 412]
    assert AuditEvent.objects.filter(verb="project.changed").count() == 1
