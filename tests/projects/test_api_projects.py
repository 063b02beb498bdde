"""Linking, changing and archiving projects through the API."""

from __future__ import annotations

import json

import pytest
from django.conf import settings
from django.db import connection
from django.test import override_settings

from projects import editing
from projects.models import AuditEvent, Credential, Project, Role
from projects.signals import work_requested
from tests.factories import (
    api_client,
    create_credential,
    create_project,
    create_superuser,
    create_user,
)

pytestmark = pytest.mark.django_db
TOKEN = "ghp_" + "S3cr3t" * 6


@pytest.fixture
def client():
    return api_client(create_superuser(username="boss"))


def link(client, **fields):
    return client.post("/api/projects", {"name": "app", "github_repo": "octo/app"} | fields)


def test_a_project_is_linked_with_the_plans_defaults(client):
    answer = link(client)
    assert answer.status_code == 201
    assert answer["Location"].endswith(f"/api/projects/{answer.data['id']}")
    project = Project.objects.get()
    assert (project.default_branch, project.auto_sync, project.auto_start) == ("main", True, False)
    assert (project.max_concurrent, project.automation_enabled) == (1, False)
    assert project.memberships.get().role == Role.MANAGER


def test_linking_wakes_the_worker_and_leaves_an_audit_row(client, django_capture_on_commit_callbacks):
    woken = []
    receiver = lambda **news: woken.append(news["project_pk"])  # noqa: E731
    work_requested.connect(receiver)
    with django_capture_on_commit_callbacks(execute=True):
        link(client, github_token=TOKEN)
    project = Project.objects.get()
    row = AuditEvent.objects.get(verb="project.created")
    assert woken == [project.pk]
    assert (row.actor.split()[0], row.project, row.detail) == ("boss", project, {"secrets": ["github_token"]})


@pytest.mark.parametrize("method", ["put", "patch"])
def test_secrets_go_in_and_never_come_out(client, method):
    created = link(client, github_token=TOKEN, webhook_secret="hook-" + TOKEN)
    path = f"/api/projects/{created.data['id']}"
    changed = getattr(client, method)(path, {"name": "b", "github_repo": "octo/app", "github_token": TOKEN})
    answers = [created, changed, client.get(path), client.get("/api/projects")]
    assert not [answer for answer in answers if TOKEN in answer.content.decode()]
    assert created.data["github_token_set"] is True
    assert created.data["webhook_secret_set"] is True
    assert Project.objects.get().credential.reveal() == TOKEN
    assert TOKEN not in json.dumps(list(AuditEvent.objects.values_list("detail", flat=True)))


@pytest.mark.parametrize("body", [{}, {"github_token": ""}])
def test_a_secret_that_is_absent_or_empty_stays(client, body):
    path = f"/api/projects/{link(client, github_token=TOKEN).data['id']}"
    client.put(path, {"name": "new", "github_repo": "octo/app"} | body)
    project = Project.objects.get()
    assert (project.name, project.credential.reveal()) == ("new", TOKEN)


def test_null_removes_the_secret_and_forgets_it(client):
    path = f"/api/projects/{link(client, github_token=TOKEN).data['id']}"
    answer = client.patch(path, {"github_token": None})
    assert answer.data["github_token_set"] is False
    assert not Credential.objects.exists()
    assert AuditEvent.objects.first().detail == {"fields": ["github_token"]}


def test_a_replaced_secret_is_forgotten_unless_another_project_uses_it(client):
    shared, own = create_credential("shared-secret-1"), create_credential("lonely-secret-1")
    create_project(credential=shared)
    for former in (shared, own):
        project = create_project(credential=former)
        client.patch(f"/api/projects/{project.pk}", {"github_token": TOKEN})
    assert set(Credential.objects.filter(pk__in=[shared.pk, own.pk])) == {shared}


def test_a_change_writes_only_what_was_named(client):
    project = create_project()
    Project.objects.filter(pk=project.pk).update(fence=7, lease_owner="worker")
    project.max_concurrent = 3
    editing.change(project, ["max_concurrent"], secrets={}, actor="boss")
    project.refresh_from_db()
    assert (project.max_concurrent, project.fence, project.lease_owner) == (3, 7, "worker")
    assert AuditEvent.objects.get().detail == {"fields": ["max_concurrent"]}


def test_a_project_that_was_read_can_be_put_back_unchanged(client):
    path = f"/api/projects/{link(client).data['id']}"
    assert client.put(path, client.get(path).json()).status_code == 200
    assert not AuditEvent.objects.filter(verb="project.changed").exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("github_repo", "https://github.com/octo/app"),
        ("default_branch", "a..b"),
        ("issue_filter", {"label": ["bug"]}),
        ("issue_filter", {"labels": ["a\0b"]}),
        ("custom_checks", [{"name": "x"}]),
        ("custom_checks", [{"name": "Type check", "command": "make"}]),
        ("custom_checks", [{"name": "a", "command": "b"}, {"name": "A", "command": "c"}]),
        ("skip_labels", ["\ud800"]),
        ("max_concurrent", 0),
        ("attempt_max_cost_usd", "-1"),
        ("agent", "robot"),
        ("name", "a\0b"),
        ("name", "x" * 101),
        ("working_dir", "../elsewhere"),
        ("working_dir", "/etc"),
        ("working_dir", "."),
        ("working_dir", "mirrors/1"),
        ("github_token", ["x"]),
        ("tokn", "typo"),
        ("credential", 1),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_stored(client, field, value):
    answer = client.generic(
        "POST",
        "/api/projects",
        json.dumps({"name": "app", "github_repo": "octo/app"} | {field: value}),
        content_type="application/json",
    )
    assert answer.status_code == 400
    assert list(answer.data["errors"]) == [field]
    assert not Project.objects.exists()


def test_two_projects_do_not_share_a_folder(client):
    create_project(working_dir="repos/app")
    assert link(client, working_dir=str(settings.AUTOWRKERS_WORKSPACE_ROOT / "repos")).status_code == 400
    assert link(client, working_dir="repos/app/sub").status_code == 400
    assert link(client, working_dir="repos/app2").status_code == 201


def test_only_a_superuser_chooses_the_folder():
    """Else the refusals would tell of folders of projects that a manager does not see."""
    create_project(working_dir="repos/secret")
    project = create_project(working_dir="repos/mine")
    manager = api_client(create_user(Role.MANAGER, project=project))
    path = f"/api/projects/{project.pk}"
    refusals = [manager.patch(path, {"working_dir": there}) for there in ("repos/secret", "repos/free", "")]
    assert {answer.status_code for answer in refusals} == {400}
    assert len({str(answer.json()["errors"]) for answer in refusals}) == 1
    assert "working_dir" in refusals[0].json()["errors"]
    assert manager.put(path, manager.get(path).json()).status_code == 200
    assert api_client(create_superuser()).patch(path, {"working_dir": "repos/free"}).status_code == 200


@pytest.mark.parametrize(
    ("field", "most"),
    [
        ("attempt_max_minutes", 1440),
        ("attempt_silence_minutes", 1440),
        ("check_max_minutes", 1440),
        ("attempt_max_turns", 10_000),
        ("attempt_max_cost_usd", 10_000),
    ],
)
def test_a_limit_has_a_limit(client, field, most):
    path = f"/api/projects/{create_project().pk}"
    assert client.patch(path, {field: most}).status_code == 200
    answer = client.patch(path, {field: most + 1})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])


def test_a_folder_may_not_leave_the_workspace_by_a_link(client, tmp_path):
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "way-out").symlink_to(tmp_path)
    with override_settings(AUTOWRKERS_WORKSPACE_ROOT=tmp_path / "root"):
        assert link(client, working_dir="way-out/x").status_code == 400


def test_only_a_superuser_takes_the_scripted_agent():
    project = create_project()
    manager = api_client(create_user(Role.MANAGER, project=project))
    assert manager.patch(f"/api/projects/{project.pk}", {"agent": "scripted"}).status_code == 400
    assert manager.patch(f"/api/projects/{project.pk}", {"agent": "codex"}).status_code == 200


def test_archiving_hides_the_project_and_forgets_its_secret(client):
    path = f"/api/projects/{link(client, github_token=TOKEN).data['id']}"
    Project.objects.update(automation_enabled=True)
    answer = client.delete(path)
    assert (answer.status_code, answer.content) == (204, b"")
    project = Project.objects.get()
    assert project.archived_at is not None
    assert not project.automation_enabled
    assert not Credential.objects.exists()
    assert client.get(path).status_code == 404
    assert client.get("/api/projects").data["count"] == 0
    assert AuditEvent.objects.filter(verb="project.archived").exists()


def test_sync_is_a_wish_that_a_worker_carries_out(client):
    project = create_project()
    answer = client.post(f"/api/projects/{project.pk}/sync")
    assert answer.status_code == 202
    project.refresh_from_db()
    assert project.sync_requested_at is not None


def test_linking_needs_the_permission_to_link():
    assert link(api_client(create_user(Role.MANAGER))).status_code == 403


def test_an_unreadable_secret_breaks_no_answer(client):
    link(client, github_token=TOKEN)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE projects_credential SET secret = %s", [b"no key opens this"])
    assert client.get("/api/projects").status_code == 200
    assert client.get("/readyz").json() == {"ok": False, "missing": ["key"], "degraded": []}
