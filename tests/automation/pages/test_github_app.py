"""Making a GitHub App by its manifest, coming back from GitHub, and linking a repository by it."""

from __future__ import annotations

import html
import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.contrib.auth.models import Permission
from django.urls import reverse

from automation.webhooks import setup
from projects import app_tokens
from projects.models import AuditEvent, Credential, GitHubApp, Project
from tests.factories import create_superuser, create_user
from tests.github_app import store_app
from tests.linking import point_at

pytestmark = pytest.mark.django_db
PAGE, MADE = "/admin/github-app/", "/admin/github-app/made/"


@pytest.fixture(autouse=True)
def nothing_kept():
    app_tokens._kept.clear()


@pytest.fixture
def root(client, hub, settings):
    point_at(hub, settings)
    user = create_superuser()
    client.force_login(user)
    return user


def form_of(page):
    text = page.content.decode()
    action = html.unescape(re.search(r'action="(http[^"]+)"', text)[1])
    manifest = json.loads(html.unescape(re.search(r'name="manifest" value="([^"]*)"', text)[1]))
    return action, manifest


def state_of(page):
    return form_of(page)[0].partition("state=")[2]


def agree(page):
    """The person presses the button here, and the one on GitHub; the query that their browser comes back with."""
    action, manifest = form_of(page)
    shown = requests.post(action, {"manifest": json.dumps(manifest)}, timeout=5)
    assert "Create GitHub App" in shown.text
    fields = {"manifest": json.dumps(manifest), "state": state_of(page)}
    there = f"{action.partition('/settings/')[0]}/settings/apps/make"
    back = requests.post(there, fields, allow_redirects=False, timeout=5).headers["Location"]
    assert back.startswith("http://127.0.0.1:8000/admin/github-app/made/?")
    return {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}


def come_back(client, hub, *, state):
    hub.apps.codes["the-code"] = hub.apps.create("autowrkers-here", {"contents": "write"})
    return client.get(MADE, {"code": "the-code", "state": state})


def test_the_form_leads_to_github_and_this_page_alone_may_send_a_form_there(client, root, hub):
    page = client.get(PAGE)
    action, manifest = form_of(page)
    assert action.startswith(f"{hub.web_url}/settings/apps/new?state=")
    assert manifest["default_permissions"]["contents"] == "write"
    assert "workflows" not in manifest["default_permissions"]
    assert manifest["public"] is False
    assert page["Content-Security-Policy"].endswith(f"form-action 'self' {hub.web_url}")
    assert client.get("/admin/")["Content-Security-Policy"].endswith("form-action 'self'")
    action, _ = form_of(client.get(PAGE, {"organization": "acme"}))
    assert action.startswith(f"{hub.web_url}/organizations/acme/settings/apps/new?state=")


def test_the_app_gets_a_webhook_that_calls_this_site_for_what_is_used_here(client, root, hub):
    _, manifest = form_of(client.get(PAGE))
    assert manifest["hook_attributes"] == {"url": setup.address(), "active": True}
    assert manifest["default_events"] == setup.EVENTS
    assert not {"ping", "installation"} & set(setup.EVENTS), "GitHub sends these unasked and refuses the wish"
    client.get(MADE, agree(client.get(PAGE)))
    (made,) = hub.apps.apps.values()
    assert GitHubApp.objects.get().credential.webhook_secret() == made.hook.secret
    assert made.hook.events == setup.EVENTS


def test_where_github_cannot_reach_this_site_the_app_gets_no_webhook(client, settings):
    client.force_login(create_superuser())
    settings.SITE_URL, settings.GITHUB_API_URL = "http://127.0.0.1:8000", "https://api.github.com"
    page = client.get(PAGE)
    manifest = json.loads(
        html.unescape(re.search(r'name="manifest" value="([^"]*)"', page.content.decode())[1])
    )
    assert ("hook_attributes" in manifest, manifest["default_events"]) == (False, [])
    assert "It gets no webhook. GitHub cannot reach 127.0.0.1" in page.content.decode()


@pytest.mark.parametrize("organization", ["../evil", "a b", "x" * 60, "-x", "https://evil.example"])
def test_an_odd_organization_is_refused_by_name(client, root, organization):
    answer = client.get(PAGE, {"organization": organization})
    assert (answer.status_code, b"organization" in answer.content) == (400, True)


def test_the_code_is_exchanged_once_and_its_secrets_are_encrypted_and_shown_nowhere(client, root, hub):
    query = agree(client.get(PAGE))
    assert client.get(MADE, query).url == PAGE
    made = GitHubApp.objects.get()
    private_key = made.credential.parts()["private_key"]
    assert private_key.startswith("-----BEGIN RSA PRIVATE KEY-----")
    page = client.get(PAGE).content.decode()
    assert "autowrkers-127-0-0-1" in page
    assert private_key.splitlines()[3] not in page
    assert made.credential.parts()["client_secret"] not in page
    event = AuditEvent.objects.get(verb="app.created")
    assert "PRIVATE" not in json.dumps(event.detail)
    again = client.get(MADE, query)
    assert (again.status_code, GitHubApp.objects.count()) == (400, 1)


def test_people_log_in_by_the_client_of_the_app_that_was_made_here(client, root, hub, settings):
    client.get(MADE, agree(client.get(PAGE)))
    settings.GITHUB_LOGIN_ALLOWED_LOGINS = ["alice"]
    client.logout()
    out = client.post("/admin/login/github/").url
    back = requests.post(out, allow_redirects=False, timeout=5).headers["Location"]
    answer = client.get("/admin/login/github/answer/?" + back.partition("?")[2])
    assert (answer.url, client.session["_auth_user_id"] != str(root.pk)) == ("/admin/", True)


@pytest.mark.parametrize("state", ["", "forged", "é"])
def test_an_answer_that_was_not_asked_for_here_stores_nothing(client, root, hub, state):
    client.get(PAGE)
    answer = come_back(client, hub, state=state)
    assert (answer.status_code, b"not asked for" in answer.content) == (400, True)
    assert GitHubApp.objects.count() == Credential.objects.count() == 0
    assert hub.requests == []


def test_a_state_of_another_browser_is_refused(client, root, hub, django_user_model):
    other = type(client)()
    other.force_login(root)
    state = state_of(other.get(PAGE))
    client.get(PAGE)
    assert come_back(client, hub, state=state).status_code == 400


def test_a_code_that_github_does_not_know_is_told_in_a_sentence(client, root, hub):
    state = state_of(client.get(PAGE))
    answer = client.get(MADE, {"code": "never/../given", "state": state}, follow=True)
    assert "does not exchange this code" in answer.content.decode()
    hub.requests.clear()


def test_a_lost_answer_names_no_code(client, root, hub, settings, caplog):
    settings.GITHUB_API_URL = "http://127.0.0.1:9"
    state = state_of(client.get(PAGE))
    page = client.get(MADE, {"code": "secret-code", "state": state}, follow=True).content.decode()
    assert "gave no whole answer" in page
    assert "secret-code" not in page + caplog.text


@pytest.fixture
def person(client, hub, settings):
    person = create_user(is_staff=True)
    person.user_permissions.add(Permission.objects.get(codename="add_project"))
    client.force_login(person)
    return person


def fields(**values):
    return {"github_repo": "acme/calc", "way": "app", "github_token": "", "agent": "claude_code"} | values


def test_a_repository_is_linked_by_the_app_without_a_token_and_its_checks_turn_green(
    client, person, hub, settings
):
    hub.require_review("acme/calc", "main", 1)
    app = store_app(hub, settings)
    hub.apps.install(app, hub.repository("acme/calc"))
    answer = client.post(reverse("admin:link-repository"), fields())
    project = Project.objects.get()
    assert answer.url == reverse("admin:link-checks", args=[project.pk])
    assert (project.credential.kind, project.credential.login) == ("installation", "autowrkers-acme[bot]")
    for check in ("token", "repository", "clone"):
        client.post(reverse("admin:link-check", args=[project.pk, check]))
    page = client.get(answer.url)
    assert [card.standing.word for card in page.context["cards"]][:3] == ["OK"] * 3
    assert "autowrkers-acme gives tokens" in page.content.decode()
    assert hub.apps.out_of_scope == []


def test_an_app_that_is_not_installed_there_is_refused_with_what_to_do(client, person, hub, settings):
    store_app(hub, settings)
    answer = client.post(reverse("admin:link-repository"), fields())
    assert answer.status_code == 400
    assert "not installed on acme/calc" in str(answer.context["form"].errors["way"])
    assert Project.objects.count() == 0


def test_a_way_that_is_not_offered_is_refused_and_no_way_at_all_is_a_token(
    client, person, hub, settings, token
):
    point_at(hub, settings)
    answer = client.post(reverse("admin:link-repository"), fields())
    assert "app is not one" in str(answer.context["form"].errors["way"])
    client.post(reverse("admin:link-repository"), fields(way="", github_token=token))
    assert Project.objects.get().credential.kind == "token"


def test_a_linked_project_changes_to_the_app_and_its_token_is_forgotten(client, person, hub, settings, token):
    app = store_app(hub, settings)
    hub.apps.install(app, hub.repository("acme/calc"))
    client.post(reverse("admin:link-repository"), fields(way="token", github_token=token))
    project = Project.objects.get()
    client.post(reverse("admin:link-token", args=[project.pk]), {"way": "app"})
    project.refresh_from_db()
    assert project.credential.kind == "installation"
    assert not Credential.objects.filter(kind="token").exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [("installation_id", "x"), ("installation_id", "9" * 30), ("setup_action", "explode"), ("x", "1")],
)
def test_an_answer_about_an_installation_that_github_never_gives_is_refused_by_name(client, name, value):
    client.force_login(create_superuser())
    answer = client.get("/admin/github-app/installed/", {name: value})
    assert answer.status_code == 400
    assert name in answer.content.decode()
    good = {"installation_id": "71", "setup_action": "install"}
    assert client.get("/admin/github-app/installed/", good).status_code == 302
