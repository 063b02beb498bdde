"""Linking a repository by the page: the form, the checks on real conditions, and what may go wrong."""

from __future__ import annotations

import json
import sys

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from automation.demo.github import Fault
from projects import editing
from projects.models import Membership, Project
from tests.factories import create_membership, create_project, create_superuser, create_user
from tests.linking import link, point_at

pytestmark = pytest.mark.django_db
NEW_TOKEN = "ghp_replaced" + "0" * 28


@pytest.fixture
def person(client, hub, settings):
    """Staff who may add projects, signed in."""
    point_at(hub, settings)
    person = create_user(is_staff=True)
    person.user_permissions.add(Permission.objects.get(codename="add_project"))
    client.force_login(person)
    return person


@pytest.fixture
def project(person, hub, settings, token):
    program = {"agent": "command", "agent_command": f"{sys.executable} {{prompt_file}}"}
    project = link(hub, settings, token, **program)
    create_membership(user=person, project=project)
    return project


def fields(**values):
    return {"github_repo": "acme/calc", "github_token": "ghp_x", "agent": "claude_code"} | values


def post(client, project, check="all", **headers):
    return client.post(reverse("admin:link-check", args=[project.pk, check]), headers=headers)


def card(client, project, check):
    answer = post(client, project, check, **{"X-Requested-With": "fetch"})
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_repository_is_linked_paused_and_its_token_is_never_shown(client, person, token):
    answer = client.post(reverse("admin:link-repository"), fields(github_token=token))
    project = Project.objects.get()
    assert answer.url == reverse("admin:link-checks", args=[project.pk])
    assert (project.name, project.github_repo) == ("calc", "acme/calc")
    assert (project.automation_enabled, project.auto_start) == (False, False)
    assert project.credential.reveal() == token
    assert Membership.objects.get(project=project).user == person
    page = client.get(answer.url).content.decode()
    assert token not in page
    assert page.count("</span>Not checked") == 5


@pytest.mark.parametrize(
    "pasted",
    [
        "{web}/acme/calc",
        "{web}/acme/calc.git",
        "{web}/acme/calc/issues/7",
        " acme/calc ",
        "git@{host}:acme/calc.git",
    ],
)
def test_a_pasted_address_is_understood(client, person, hub, pasted):
    text = pasted.format(web=hub.web_url, host="127.0.0.1")
    client.post(reverse("admin:link-repository"), fields(github_repo=text))
    assert Project.objects.get().github_repo == "acme/calc"


@pytest.mark.parametrize(
    ("values", "named", "said"),
    [
        ({"github_repo": "https://evil.example/acme/calc"}, "github_repo", "evil.example"),
        ({"github_repo": "acme"}, "github_repo", "or the address of its page on GitHub"),
        ({"github_repo": "acme/../../etc"}, "github_repo", ""),
        ({"github_repo": "<script>alert(1)</script>/x"}, "github_repo", ""),
        ({"github_repo": "https://[::1/acme/calc"}, "github_repo", ""),
        ({"github_repo": "x" * 400}, "github_repo", "300"),
        ({"github_token": ""}, "github_token", "required"),
        ({"github_token": "x" * 600}, "github_token", "500"),
        ({"agent": "oracle"}, "agent", "oracle"),
        ({"agent": "scripted"}, "agent", "scripted"),
        ({"agent": "command"}, "agent_command", "empty"),
        ({"agent": "command", "agent_command": "x {nonsense}"}, "agent_command", "nonsense"),
        ({"name": "x" * 101}, "name", "100"),
    ],
)
def test_bad_input_names_its_field_and_stores_nothing(client, person, values, named, said):
    answer = client.post(reverse("admin:link-repository"), fields(**values))
    assert answer.status_code == 400
    assert said in str(answer.context["form"].errors[named])
    assert Project.objects.count() == 0
    assert b"ghp_x" not in answer.content
    assert b"<script>alert" not in answer.content


def test_the_form_says_which_command_the_agent_is_told(client, person):
    text = client.get(reverse("admin:link-repository")).content.decode()
    assert "The agent is told in its prompt to run it" in text


def test_a_repository_is_linked_once(client, person, project):
    answer = client.post(reverse("admin:link-repository"), fields())
    assert "linked already" in str(answer.context["form"].errors["github_repo"])
    board = reverse("admin:board", args=[project.pk])
    assert f'use <a href="{board}">calc</a>' in answer.content.decode()
    Membership.objects.all().delete()
    assert f'href="{board}"' not in client.post(reverse("admin:link-repository"), fields()).content.decode()


def test_who_may_not_add_projects_is_told_so(client):
    client.force_login(create_user(is_staff=True))
    answer = client.get(reverse("admin:link-repository"))
    assert (answer.status_code, b"permission to add projects" in answer.content) == (403, True)


def test_all_checks_turn_green_and_stay_so_without_a_script(client, project, hub):
    hub.require_review("acme/calc", "main", 1)
    hub.permit("acme/calc", "autowrkers-bot", "admin")
    assert post(client, project).url == reverse("admin:link-checks", args=[project.pk])
    page = client.get(reverse("admin:link-checks", args=[project.pk]))
    assert [found.standing.word for found in page.context["cards"]] == ["OK"] * 5
    shown = page.content.decode()
    for sentence in (
        "belongs to autowrkers-bot",
        "may push to it",
        "git reads the repository",
        "A merge into main needs 1",
    ):
        assert sentence in shown


def test_one_check_answers_a_script_with_its_card_alone(client, project):
    shown = card(client, project, "token")
    assert shown.startswith('<li class="card link-check" id="check-token"')
    assert "<html" not in shown


def test_a_revoked_token_says_so_and_can_be_replaced(client, project, hub, token):
    hub.revoke(token)
    assert "Bad credentials" in card(client, project, "token")
    hub.grant(NEW_TOKEN, "autowrkers-bot")
    answer = client.post(reverse("admin:link-token", args=[project.pk]), {"github_token": NEW_TOKEN})
    assert answer.status_code == 302
    project.refresh_from_db()
    assert project.credential.reveal() == NEW_TOKEN
    shown = card(client, project, "token")
    assert "GitHub knows the token" in shown
    assert NEW_TOKEN not in shown


@pytest.mark.parametrize("text", ["", "tökén", "with spaces"])
def test_an_empty_or_odd_new_token_names_the_field_and_leaves_the_good_one(client, project, hub, token, text):
    url = reverse("admin:link-token", args=[project.pk])
    answer = client.post(url, {"github_token": text})
    assert (answer.status_code, "github_token" in answer.context["token_form"].errors) == (400, True)
    project.refresh_from_db()
    assert (project.credential.reveal(), hub.requests) == (token, [])


def test_missing_scopes_and_missing_push_are_told_with_a_remedy(client, project, hub, token):
    hub.describe(token, scopes="read:org")
    assert "may not write to repositories (scopes: read:org)" in card(client, project, "token")
    hub.permit("acme/calc", "autowrkers-bot", "read")
    shown = card(client, project, "repository")
    assert "the token may not push to it" in shown
    assert "Give it write access" in shown


def test_a_hidden_repository_an_archived_one_and_a_dead_network(client, project, hub, settings):
    hub.permit("acme/calc", "autowrkers-bot", "none")
    hub.repository("acme/calc").private = True
    assert "404" in card(client, project, "repository")
    assert "no such repository" in card(client, project, "clone")
    hub.permit("acme/calc", "autowrkers-bot", "write")
    hub.repository("acme/calc").archived = True
    assert "is archived" in card(client, project, "repository")
    settings.GITHUB_API_URL = settings.GITHUB_WEB_URL = "http://127.0.0.1:9"
    assert "no whole answer" in card(client, project, "repository")
    assert "could not be reached" in card(client, project, "clone")


def test_the_real_default_branch_is_proposed_and_taken(client, project, hub):
    bare = hub.repository("acme/calc").bare
    bare.git("branch", "-m", "main", "develop")
    hub.repository("acme/calc").default_branch = "develop"
    shown = card(client, project, "repository")
    assert "There is no branch main" in shown
    assert 'name="branch" value="develop"' in shown
    client.post(reverse("admin:link-branch", args=[project.pk]), {"branch": "develop"})
    project.refresh_from_db()
    assert project.default_branch == "develop"
    assert 'name="branch"' not in card(client, project, "repository")


def test_a_branch_that_git_forbids_is_refused_by_name(client, project):
    answer = client.post(
        reverse("admin:link-branch", args=[project.pk]), {"branch": "--upload-pack=x"}, follow=True
    )
    assert b"Branch: This is not a branch name" in answer.content
    project.refresh_from_db()
    assert project.default_branch == "main"


def test_merges_without_review_are_warned_of_and_what_cannot_be_read_is_said(client, project, hub):
    assert "accepts merges without review" in card(client, project, "repository")
    hub.require_review("acme/calc", "main", classic=True)
    assert "could not be read" in card(client, project, "repository")


def test_an_empty_repository_is_told_by_git(client, project, hub):
    hub.create_repository("acme/void")
    Project.objects.update(github_repo="acme/void")
    assert "no commit yet" in card(client, project, "clone")


def test_a_missing_agent_and_a_broken_template(client, project):
    Project.objects.update(agent_command="no-such-agent-here {prompt_file}")
    assert "there is no program &#x27;no-such-agent-here&#x27;" in card(client, project, "agent")
    Project.objects.update(agent_command="'unclosed")
    assert "cannot be read" in card(client, project, "agent")


def test_a_slow_github_does_not_hold_the_page(client, project, hub, monkeypatch):
    monkeypatch.setattr("automation.checks.link.REQUEST_SECONDS", 0.5)
    hub.faults.append(Fault("delay", seconds=30))
    assert "no whole answer" in card(client, project, "repository")


def test_roles_methods_and_foreign_projects(client, project, hub):
    url = reverse("admin:link-check", args=[project.pk, "token"])
    assert client.get(url).status_code == 405
    assert client.get(reverse("admin:link-token", args=[project.pk])).status_code == 405
    assert client.get(reverse("admin:link-branch", args=[project.pk])).status_code == 405
    assert post(client, project, "weather").status_code == 404
    client.force_login(create_user("operator", project=project, is_staff=True))
    assert post(client, project, "token").status_code == 403
    answer = client.get(reverse("admin:link-checks", args=[project.pk]))
    assert (answer.status_code, b"Manager is needed" in answer.content) == (403, True)
    client.force_login(create_user("manager", project=create_project(), is_staff=True))
    assert post(client, project, "token").status_code == 404
    assert hub.requests == []


def test_results_are_kept_for_one_person_and_few_projects(client, project):
    post(client, project, "token")
    assert json.dumps(client.session["link-checks"][str(project.pk)])
    client.force_login(create_superuser())
    page = client.get(reverse("admin:link-checks", args=[project.pk]))
    assert page.content.decode().count("</span>Not checked") == 5


def test_a_look_up_that_failed_is_no_ok_though_nothing_has_to_be_done(client, project, hub, token):
    hub.revoke(token)
    shown = card(client, project, "webhook")
    assert ("Bad credentials" in shown, 'data-word="Note"' in shown) == (True, True)


def test_results_of_another_configuration_go_and_each_says_when_it_was_checked(client, project):
    url = reverse("admin:link-checks", args=[project.pk])
    post(client, project)
    assert client.get(url).content.decode().count("Checked <time") == 5
    project.agent_command = f"{sys.executable} -B {{prompt_file}}"
    editing.change(project, ["agent_command"], secrets={}, actor="someone")
    words = {card.check.name: card.standing.word for card in client.get(url).context["cards"]}
    assert words.pop("agent") == "Not checked"
    assert "Not checked" not in words.values()
    project.default_branch = "develop"
    editing.change(project, ["default_branch"], secrets={}, actor="someone")
    assert [card.standing.word for card in client.get(url).context["cards"]] == ["Not checked"] * 5


def test_the_stock_page_that_adds_projects_leads_here(client, person):
    answer = client.get(reverse("admin:projects_project_add"))
    assert (answer.status_code, answer.url) == (302, reverse("admin:link-repository"))
