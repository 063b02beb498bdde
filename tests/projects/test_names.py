"""A project's name and repository are its own: API, settings page and link page keep one rule."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone

from projects.models import Project
from tests.factories import api_client, create_project, create_superuser
from tests.projects.admin_forms import save

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(client):
    user = create_superuser()
    client.force_login(user)
    client.api = api_client(user)
    return client


def by_api(boss, project, **fields):
    rest = {} if project else {"name": "new", "github_repo": "octo/new"}
    ask = boss.api.patch if project else boss.api.post
    return ask(f"/api/projects/{project.pk}" if project else "/api/projects", rest | fields).json()["errors"]


def by_form(boss, project, **fields):
    rest = {} if project else {"name": "new", "github_repo": "octo/new"}
    return save(boss, project, **rest | fields).context["adminform"].form.errors


def by_link_page(boss, project, **fields):
    body = {"github_repo": "octo/new", "github_token": "ghp_x", "agent": "claude_code"} | fields
    return boss.post(reverse("admin:link-repository"), body).context["form"].errors


@pytest.mark.parametrize("ask", [by_api, by_form, by_link_page])
@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [("github_repo", "Octo/APP", "linked already"), ("name", "APP", "Another project has this name")],
)
def test_a_name_or_repository_that_another_project_has_is_refused(boss, ask, field, value, sentence):
    create_project(name="app", github_repo="octo/app")
    assert sentence in str(ask(boss, None, **{field: value})[field])
    if ask is not by_link_page:
        assert sentence in str(ask(boss, create_project(), **{field: value})[field])


@pytest.mark.parametrize("ask", [by_api, by_form])
def test_a_project_that_github_has_answered_keeps_its_repository(boss, ask):
    project = create_project(github_repo="octo/app", github_id=7)
    refused = str(ask(boss, project, github_repo="octo/other")["github_repo"])
    assert "link a new project" in refused
    assert Project.objects.get().github_repo == "octo/app"


def test_what_an_archived_project_had_is_free_again(boss):
    create_project(name="app", github_repo="octo/app", archived_at=timezone.now())
    body = {"name": "app", "github_repo": "octo/app"}
    assert boss.api.post("/api/projects", body).status_code == 201


def test_two_projects_that_have_one_name_already_can_still_be_saved(boss):
    create_project(name="app")
    twin = create_project(name="app", github_repo="octo/app", github_id=7)
    save(boss, twin, max_concurrent=3)
    assert boss.api.patch(f"/api/projects/{twin.pk}", {"name": "App", "max_concurrent": 4}).status_code == 200
    assert Project.objects.get(pk=twin.pk).max_concurrent == 4


def test_a_repository_whose_short_name_is_taken_is_named_with_its_owner(boss):
    create_project(name="app")
    body = {"github_repo": "acme/app", "way": "token", "github_token": "ghp_x", "agent": "claude_code"}
    boss.post(reverse("admin:link-repository"), body)
    assert Project.objects.filter(name="acme/app").exists()
