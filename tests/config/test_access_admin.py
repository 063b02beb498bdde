"""Every admin page of ours × everybody: staff see rows of their own projects, and nothing of others."""

from __future__ import annotations

import json

import pytest
from django.contrib import admin
from django.urls import reverse

from issues.models import IssueSession
from projects.models import Project, Role
from tests.config.every_row import OF_THE_INSTALLATION, fill
from tests.factories import (
    create_membership,
    create_project,
    create_session,
    create_superuser,
    create_user,
)

pytestmark = pytest.mark.django_db
MARK = "of-the-other-team"
OURS = {"projects", "issues", "verification", "automation"}
MODELS = [model for model in admin.site._registry if model._meta.app_label in OURS]


@pytest.fixture
def foreign():
    """A session whose project and rows carry MARK wherever they can."""
    other = create_superuser(username=MARK)
    return fill(create_project(name=MARK), other, MARK)


def path(model, page, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def log_in(client, role):
    project = create_project()
    create_session(project=project)
    user = create_user(role, project=project, is_staff=True) if role != "none" else create_user(is_staff=True)
    client.force_login(user)
    return project


@pytest.mark.parametrize("role", ["none", *Role.values])
@pytest.mark.parametrize("model", MODELS)
def test_staff_see_nothing_of_other_teams(client, foreign, model, role):
    rows = list(model._default_manager.values_list("pk", flat=True))
    log_in(client, role)
    search = {"q": "the-other"} if admin.site.get_model_admin(model).search_fields else {}
    pages = [client.get(path(model, "changelist")), client.get(path(model, "changelist"), search)]
    assert {page.status_code for page in pages} == {403 if model in OF_THE_INSTALLATION else 200}
    of_rows = [path(model, page, pk) for page in ("change", "history", "delete") for pk in rows]
    foreign_pages = [client.get(url) for url in of_rows]
    assert {page.status_code for page in foreign_pages} == {404}
    for page in (*pages, *foreign_pages, client.get(path(model, "add"))):
        assert page.status_code in (200, 403, 404)
        assert MARK not in page.content.decode()


@pytest.mark.parametrize("page", ["change", "delete"])
@pytest.mark.parametrize("model", MODELS)
def test_a_form_for_a_foreign_row_finds_nothing_either(client, foreign, model, page):
    pk = model._default_manager.values_list("pk", flat=True)[0]
    log_in(client, Role.MANAGER)
    assert client.post(path(model, page, pk), {"post": "yes"}).status_code == 404
    assert model._default_manager.filter(pk=pk).exists()


@pytest.mark.parametrize("model", MODELS)
def test_a_superuser_sees_all_and_an_ordinary_user_gets_nowhere(client, foreign, model):
    client.force_login(create_user(Role.MANAGER, project=foreign.project))
    assert client.get(path(model, "changelist")).status_code == 302
    client.force_login(create_superuser())
    pk = model._default_manager.values_list("pk", flat=True).first()
    assert client.get(path(model, "change", pk)).status_code == 200


@pytest.mark.parametrize("model", MODELS)
def test_hidden_columns_can_not_be_probed_by_look_ups(client, foreign, model):
    client.force_login(create_superuser())
    for lookup in (
        "id__gt",
        "project__credential__fingerprint__startswith",
        "token_hash__startswith",
        "secret",
    ):
        assert client.get(path(model, "changelist"), {lookup: "1"}).status_code == 400


@pytest.mark.parametrize(
    ("model", "field"),
    [("issuesession", "project"), ("attempt", "issue_session"), ("sessionevent", "issue_session")],
)
def test_autocompletion_offers_only_own_rows(client, foreign, model, field):
    log_in(client, Role.MANAGER)
    query = {"app_label": "issues", "model_name": model, "field_name": field, "term": ""}
    found = json.loads(client.get("/admin/autocomplete/", query).content)["results"]
    assert len(found) == 1
    assert MARK not in str(found)


@pytest.mark.parametrize("action", ["start", "retry", "skip", "stop"])
def test_an_action_does_not_reach_foreign_sessions(client, foreign, action):
    log_in(client, Role.MANAGER)
    before = IssueSession.objects.values().get(pk=foreign.pk)
    body = {"action": action, "_selected_action": [foreign.pk], "select_across": "1", "confirmed": "yes"}
    client.post(path(IssueSession, "changelist"), body)
    assert IssueSession.objects.values().get(pk=foreign.pk) == before
    assert foreign.events.count() == 1


@pytest.mark.parametrize(
    ("role", "acts"), [(Role.VIEWER, False), (Role.OPERATOR, True), (Role.MANAGER, True)]
)
def test_an_action_needs_the_operators_role_on_that_very_project(client, role, acts):
    session = create_session()
    user = create_user(role, project=session.project, is_staff=True)
    create_membership(user=user, role=Role.MANAGER)
    client.force_login(user)
    body = {"action": "skip", "_selected_action": [session.pk], "confirmed": "yes"}
    text = client.post(path(IssueSession, "changelist"), body, follow=True).content.decode()
    session.refresh_from_db()
    assert (session.status == "skipped") == acts
    assert ("only lets you look" in text) != acts


@pytest.mark.parametrize("action", ["sync", "start_automation", "stop_automation"])
def test_an_action_on_projects_needs_the_operators_role(client, action):
    project = create_project()
    client.force_login(create_user(Role.VIEWER, project=project, is_staff=True))
    before = Project.objects.values().get()
    client.post(path(Project, "changelist"), {"action": action, "_selected_action": [project.pk]})
    assert Project.objects.values().get() == before


def test_staff_without_the_permission_do_not_link_projects(client):
    log_in(client, Role.MANAGER)
    assert client.post(path(Project, "add"), {"name": "n", "github_repo": "o/n"}).status_code == 403
