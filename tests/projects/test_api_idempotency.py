"""A request that is sent again with its `Idempotency-Key` has one effect and one reply."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from issues.models import SessionEvent
from projects.models import AuditEvent, Membership, Project, Role, StoredReply
from tests.factories import api_client, create_project, create_session, create_superuser, create_user

SECRET = "ghp_" + "S3cr3t" * 6
BODY = {"name": "app", "github_repo": "octo/app"}


@pytest.fixture
def client(db):
    return api_client(create_superuser())


def send(client, path="/api/projects", body=None, key="k1"):
    return client.post(path, body, headers={"Idempotency-Key": key})


def test_the_same_key_and_body_replay_the_stored_reply(client):
    first, second = send(client, body=BODY), send(client, body=BODY)
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json() == first.json()
    assert [second[name] for name in ("Location", "ETag")] == [first[name] for name in ("Location", "ETag")]
    assert ("Idempotent-Replay" in first, second["Idempotent-Replay"]) == (False, "true")
    assert Project.objects.count() == 1
    assert AuditEvent.objects.filter(verb="project.created").count() == 1


def test_the_order_of_fields_makes_no_other_body(client):
    first = send(client, body=BODY)
    assert send(client, body=dict(reversed(BODY.items()))).json() == first.json()


def test_another_body_under_the_same_key_is_refused(client):
    send(client, body=BODY)
    answer = send(client, body=BODY | {"name": "other"})
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency.other_body")
    assert Project.objects.count() == 1


@pytest.mark.parametrize("verb", ["sync", "start", "retry"])
def test_a_verb_acts_once_for_a_key(client, verb):
    session = create_session(status="failed" if verb == "retry" else "pending")
    project = f"/api/projects/{session.project_id}"
    path = {
        "sync": f"{project}/sync",
        "start": f"{project}/issues/{session.github_issue_number}/start",
        "retry": f"/api/issue-sessions/{session.pk}/retry",
    }[verb]
    first, second, slashed = send(client, path), send(client, path), send(client, f"{path}/")
    assert [first.status_code, second.status_code, slashed.status_code] == [202, 202, 202]
    assert second.json() == slashed.json() == first.json()
    assert SessionEvent.objects.count() + AuditEvent.objects.count() == 1


def test_keys_of_others_of_other_tokens_and_of_other_paths_do_not_meet(client):
    projects = [create_project(), create_project()]
    for project in projects:
        assert "Idempotent-Replay" not in send(client, f"/api/projects/{project.pk}/sync")
    user = create_superuser()
    for other in (api_client(user), api_client(user)):
        assert "Idempotent-Replay" not in send(other, f"/api/projects/{projects[0].pk}/sync")


def test_a_place_is_one_however_its_number_is_written(client):
    number = create_project().pk
    first = send(client, f"/api/projects/{number}/sync")
    for written in (f"0{number}", f"{'0' * 300}{number}"):
        again = send(client, f"/api/projects/{written}/sync/")
        assert (again.status_code, again.json()) == (202, first.json())
    assert AuditEvent.objects.filter(verb="project.sync_requested").count() == 1


@pytest.mark.services
def test_a_very_long_path_is_kept_under_its_short_name(client):
    number = create_project().pk
    assert send(client, f"/api/projects/{'0' * 300}{number}/sync").status_code == 202
    assert StoredReply.objects.get().path == f"/api/projects/{number}/sync"


def test_the_reply_of_a_project_that_has_gone_is_not_given_again(client):
    created = send(client, body=BODY)
    assert client.delete(created["Location"]).status_code == 204
    answer = send(client, body=BODY)
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency.gone")
    assert send(client, body=BODY, key="k2").status_code == 201


def test_a_refusal_is_not_stored_and_leaves_its_event(client):
    session = create_session(status="completed")
    path = f"/api/issue-sessions/{session.pk}/retry"
    assert send(client, path).status_code == 409
    assert SessionEvent.objects.get().verb == "refused"
    assert not StoredReply.objects.exists()
    session.status = "failed"
    session.save()
    assert send(client, path).status_code == 202


def test_a_wrong_body_may_be_mended_under_the_same_key(client):
    assert send(client, body={"name": "app"}).status_code == 400
    assert send(client, body=BODY).status_code == 201


@pytest.mark.django_db
def test_a_stored_reply_is_not_for_who_has_lost_the_role():
    project = create_project()
    user = create_user(Role.OPERATOR, project=project)
    client = api_client(user)
    path = f"/api/projects/{project.pk}/sync"
    assert send(client, path).status_code == 202
    Membership.objects.update(role=Role.VIEWER)
    assert send(client, path).status_code == 403
    Membership.objects.all().delete()
    assert send(client, path).status_code == 404


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb", "\u00e9"])
def test_a_key_that_cannot_be_kept_is_named(client, key):
    answer = send(client, body=BODY, key=key)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["Idempotency-Key"])
    assert not Project.objects.exists()


def test_the_longest_key_is_kept(client):
    assert send(client, body=BODY, key="k" * 255).status_code == 201
    assert send(client, body=BODY, key="k" * 255)["Idempotent-Replay"] == "true"


def test_a_key_is_forgotten_after_a_day_and_its_row_cleared(client):
    first, second, third = ({"name": name, "github_repo": f"octo/{name}"} for name in ("one", "two", "three"))
    send(client, body=first, key="old")
    StoredReply.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert "Idempotent-Replay" not in send(client, body=second, key="old")
    StoredReply.objects.update(created_at=timezone.now() - timedelta(hours=25))
    send(client, body=third, key="new")
    assert StoredReply.objects.get().key == "new"


def test_no_secret_is_stored_with_a_reply(client):
    send(client, body=BODY | {"github_token": SECRET})
    assert SECRET not in str(StoredReply.objects.values().get())


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_of_requests_at_the_same_moment_one_has_an_effect():
    session = create_session(status="failed")
    client = api_client(create_superuser())
    gate, answers = threading.Barrier(6), []

    def ask():
        gate.wait(20)
        answers.append(send(client, f"/api/issue-sessions/{session.pk}/retry"))
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert {answer.status_code for answer in answers} == {202}
    assert sum("Idempotent-Replay" in answer for answer in answers) == 5
    session.refresh_from_db()
    assert (session.round, SessionEvent.objects.count()) == (2, 1)
