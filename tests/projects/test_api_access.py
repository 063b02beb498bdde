"""Who gets in: tokens, sessions, scopes and roles."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from projects.access import create_token, revoke_token
from projects.models import ApiToken, AuditEvent, Role, Scope
from tests.factories import api_client, create_project, create_superuser, create_user
from tests.factories import create_token as token_of

pytestmark = pytest.mark.django_db


def ask(client, token):
    return client.get("/api/projects", headers={"Authorization": f"Bearer {token}"})


def test_without_credentials_the_answer_is_401_and_says_how_to_log_in(client):
    answer = client.get("/api/projects")
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Bearer realm="api"')
    assert answer.json()["code"] == "not_authenticated"


@pytest.mark.parametrize("token", ["", "aw_nonsense", "\u00e9", "a b"])
def test_an_unknown_token_is_401(client, token):
    assert ask(client, token.encode().decode("latin-1")).status_code == 401


def test_an_expired_a_revoked_and_a_dead_users_token_are_401(client):
    now = timezone.now()
    expired = token_of(create_superuser(), expires_at=now - timedelta(seconds=1))
    revoked = token_of(create_superuser(), revoked_at=now)
    gone = token_of(create_user(is_active=False))
    assert [ask(client, token).status_code for token in (expired, revoked, gone)] == [401, 401, 401]


def test_a_token_is_stored_as_a_hash_and_made_with_an_audit_row():
    token, plain = create_token(create_superuser(), scope=Scope.READ, name="ci")
    assert plain.startswith("aw_")
    assert plain not in str(ApiToken.objects.values().get())
    assert AuditEvent.objects.get().detail == {"token": token.pk, "scope": "read"}


def test_a_token_of_an_unknown_scope_is_not_made():
    with pytest.raises(ValidationError):
        create_token(create_superuser(), scope="everything")
    assert not ApiToken.objects.exists()


def test_a_revoked_token_stops_at_once_and_is_revoked_once(client):
    token, plain = create_token(create_superuser(), scope=Scope.READ)
    assert ask(client, plain).status_code == 200
    assert revoke_token(token, actor="boss")
    assert not revoke_token(token, actor="boss")
    assert ask(client, plain).status_code == 401
    assert AuditEvent.objects.filter(verb="token.revoked").count() == 1


def test_the_last_use_is_written_at_most_once_a_minute(client, django_assert_num_queries):
    plain = token_of(create_superuser())
    ask(client, plain)
    first = ApiToken.objects.get().last_used_at
    ask(client, plain)
    assert ApiToken.objects.get().last_used_at == first
    ApiToken.objects.update(last_used_at=first - timedelta(minutes=2))
    ask(client, plain)
    assert ApiToken.objects.get().last_used_at > first


@pytest.mark.parametrize(
    ("role", "scope", "reads", "syncs", "changes"),
    [
        (Role.MANAGER, Scope.ADMIN, 200, 202, 200),
        (Role.MANAGER, Scope.OPERATE, 200, 202, 403),
        (Role.MANAGER, Scope.READ, 200, 403, 403),
        (Role.OPERATOR, Scope.ADMIN, 200, 202, 403),
        (Role.VIEWER, Scope.ADMIN, 200, 403, 403),
    ],
)
def test_scope_and_role_must_both_allow_it(role, scope, reads, syncs, changes):
    project = create_project()
    client = api_client(create_user(role, project=project), scope)
    path = f"/api/projects/{project.pk}"
    answers = [client.get(path), client.post(f"{path}/sync"), client.patch(path, {"name": "new"})]
    assert [answer.status_code for answer in answers] == [reads, syncs, changes]


def test_a_superusers_read_token_only_reads():
    project = create_project()
    client = api_client(create_superuser(), Scope.READ)
    answer = client.delete(f"/api/projects/{project.pk}")
    assert (answer.status_code, answer.json()["code"]) == (403, "token_scope")


def test_a_role_on_one_project_says_nothing_about_another():
    user = create_user(Role.MANAGER, project=create_project())
    other = create_project()
    create_superuser()
    assert api_client(user).get(f"/api/projects/{other.pk}").status_code == 404


def test_a_session_needs_the_csrf_token():
    project = create_project()
    client = Client(enforce_csrf_checks=True)
    client.force_login(create_superuser())
    assert client.get(f"/api/projects/{project.pk}").status_code == 200
    assert client.post(f"/api/projects/{project.pk}/sync").status_code == 403
    project.refresh_from_db()
    assert project.sync_requested_at is None


def test_a_refusal_by_role_names_the_role_that_is_needed():
    project = create_project(name="rocket")
    client = api_client(create_user(Role.OPERATOR, project=project))
    answer = client.patch(f"/api/projects/{project.pk}", {"max_concurrent": 2}).json()
    assert (answer["status"], answer["code"]) == (403, "role")
    said = "Your role on rocket does not allow this: Manager is needed. Ask a manager of the project."
    assert answer["detail"] == said
