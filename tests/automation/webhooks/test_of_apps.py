"""Deliveries of a GitHub App's own webhook: signed with its secret, and heard for its own projects alone."""

from __future__ import annotations

import json

import pytest
from django_q.models import OrmQ

from automation import doctor
from automation.checks.situation import Situation
from automation.models import RepositoryHook, WebhookDelivery
from automation.tend import tend
from automation.webhooks import inbox, receiving, setup
from projects import app_tokens
from projects.models import Credential, GitHubApp, Project
from tests.automation.webhooks.signing import deliver, hooked_project, payload_of
from tests.factories import API_URL, create_project
from tests.github_app import link_by_app

SECRET = "the-apps-own-secret"
APP_ID = 7


def stored_app(number=APP_ID, **secrets):
    kind, parts = Credential.Kind.APP, {"private_key": "x", "client_secret": "y"} | secrets
    owner = f"app:{number}"
    credential = Credential.objects.for_owner(
        kind=kind, api_url=API_URL, owner=owner, secret=json.dumps(parts)
    )
    return GitHubApp.objects.create(
        api_url=API_URL, app_id=number, credential=credential, name=f"App {number}"
    )


def used_by(app, **values):
    """A project that is linked by an installation of the App."""
    kind, owner = Credential.Kind.INSTALLATION, f"installation:{app.app_id}"
    credential = Credential.objects.for_owner(kind=kind, api_url=API_URL, owner=owner, app=app)
    return create_project(**{"credential": credential, "github_id": 55, "automation_enabled": True} | values)


def send(event, payload, *, secret=SECRET, number=str(APP_ID), **headers):
    named = {
        "X_GitHub_Hook_Installation_Target_Type": "integration",
        "X_GitHub_Hook_Installation_Target_ID": number,
    }
    return deliver(event, payload, secret=secret, **named | headers).status_code


@pytest.fixture
def api_url(settings):
    settings.GITHUB_API_URL = API_URL


@pytest.fixture
def app(db, api_url):
    return stored_app(webhook_secret=SECRET)


def test_what_the_apps_secret_signs_wakes_a_project_that_is_linked_by_it(app):
    project = used_by(app)
    assert send("issues", payload_of(project, action="opened")) == 202
    row = WebhookDelivery.objects.get()
    assert (row.project, row.state, OrmQ.objects.count()) == (project, "received", 1)


def test_a_changed_installation_wakes_the_projects_of_the_app_and_no_others(app):
    first, second = used_by(app), used_by(app, github_id=56)
    others = [used_by(stored_app(8), github_id=58), hooked_project(), create_project(github_id=57)]
    assert send("installation", {"action": "suspend", "installation": {"id": 1}}) == 202
    assert WebhookDelivery.objects.get().state == "done"
    woken = Project.objects.exclude(sync_requested_at=None)
    assert set(woken) == {first, second}
    assert len(others) == 3


@pytest.mark.parametrize("others", ["by a token", "by another App", "by a webhook's secret"])
def test_a_repository_that_is_not_linked_by_the_app_is_kept_as_ignored(app, others):
    used_by(app)
    project = {
        "by a token": lambda: create_project(github_id=99),
        "by another App": lambda: used_by(stored_app(8, webhook_secret="another"), github_id=99),
        "by a webhook's secret": lambda: hooked_project(github_id=99),
    }[others]()
    assert send("issues", payload_of(project, action="opened")) == 202
    row = WebhookDelivery.objects.get()
    assert (row.state, row.reason, row.project) == ("ignored", inbox.UNLINKED, None)
    assert not OrmQ.objects.exists()


@pytest.mark.parametrize(
    "headers",
    [
        {"secret": "a-guess"},
        {"secret": "the-secret-of-app-8"},
        {"number": "8"},
        {"number": "9", "secret": ""},
        {"number": "", "secret": SECRET},
        {"number": "x" * 30, "secret": SECRET},
        {"X_GitHub_Hook_Installation_Target_Type": "repository"},
        {"X_Hub_Signature_256": ""},
    ],
)
def test_forged_deliveries_and_those_of_apps_without_a_secret_are_refused_unread(app, headers, monkeypatch):
    monkeypatch.setattr(receiving, "_payload", lambda *_: pytest.fail("the body was read"))
    stored_app(8, webhook_secret="the-secret-of-app-8")
    stored_app(9)
    project = used_by(app)
    assert send("issues", payload_of(project, action="opened"), **headers) == 401
    assert not WebhookDelivery.objects.exists()


def test_an_apps_secret_that_was_given_to_projects_by_hand_signs_for_them(db, api_url):
    project = hooked_project("given-by-hand")
    assert send("issues", payload_of(project, action="opened"), secret="given-by-hand") == 202
    assert WebhookDelivery.objects.get().project == project


def test_github_tells_of_issues_and_suspensions_by_the_apps_webhook(made, hub, settings):
    project = link_by_app(hub, settings, made, automation_enabled=True)
    tend(project.pk)
    Project.objects.update(sync_requested_at=None)
    hub.create_issue("acme/calc", "It rains")
    hub.apps.suspend(made.installation)
    hub.rest()
    kept = WebhookDelivery.objects.order_by("pk").values_list("event", "action", "project", "state")
    assert list(kept) == [
        ("installation", "created", None, "done"),
        ("issues", "opened", project.pk, "received"),
        ("installation", "suspend", None, "done"),
    ]
    project.refresh_from_db()
    assert project.sync_requested_at is not None


def test_no_webhook_of_the_repository_is_made_beside_the_apps(made, hub, settings):
    project = link_by_app(hub, settings, made)
    assert setup.ensure(project, actor="mia") is setup.Standing.OF_APP
    assert not hub.repository("acme/calc").hooks
    assert not RepositoryHook.objects.exists()
    situation = Situation(projects=doctor.active_projects(), may_ask_network=False)
    said = " ".join(str(each.message) for each in doctor.examine(situation, ["github"]))
    assert "No webhook secret" not in said


def test_an_app_without_a_webhook_or_with_one_elsewhere_serves_no_project_here(made, hub, settings):
    project = link_by_app(hub, settings, made)
    made.hook.url = "http://127.0.0.1:9/elsewhere"
    assert not app_tokens.delivers_to(GitHubApp.objects.get(), setup.address())
    made.hook = None
    assert not app_tokens.delivers_to(GitHubApp.objects.get(), setup.address())
    assert project.webhook_credential is None
