"""Deliveries of a GitHub App's own webhook: signed with its secret, and heard for its own projects alone."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from automation import doctor
from automation.checks.situation import Situation
from automation.demo.github import Fault
from automation.models import AppHook, RepositoryHook, WebhookDelivery
from automation.tend import tend
from automation.webhooks import inbox, missed, receiving, setup
from projects import app_tokens
from projects.connection import connect
from projects.github.errors import GitHubError
from projects.models import Credential, GitHubApp, Project
from tests.automation.webhooks.signing import deliver, hooked_project, payload_of
from tests.factories import API_URL, create_project
from tests.github_app import link_by_app, store_app

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


@pytest.fixture
def made(transactional_db, hub, settings, live_server):
    """An App whose webhook calls this site, installed on a repository that is linked by it."""
    app_tokens._kept.clear()
    settings.SITE_URL = live_server.url
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
    app = store_app(hub, settings, hook_url=setup.address())
    app.installation = hub.apps.install(app, hub.repository("acme/calc"))
    hub.rest()
    return app


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


@pytest.fixture
def missed_one(made, hub, settings, monkeypatch):
    """A project that is linked by the App, of which one delivery found nobody."""
    hub.create_repository("acme/other")
    hub.apps.installations[made.installation].repositories.add(hub.repository("acme/other").id)
    project = link_by_app(hub, settings, made, automation_enabled=True)
    with monkeypatch.context() as down:
        down.setattr(receiving.signatures, "digest_in", lambda header: None)
        hub.create_issue("acme/calc", "one")
        hub.rest()
    assert not deliveries_of(project)
    return project


def deliveries_of(project):
    return list(WebhookDelivery.objects.filter(project=project).values_list("event", flat=True))


def ask_again(project, now=None, may_go_on=lambda: True):
    return missed.ask_again(project, connect(project), now or timezone.now(), may_go_on)


def asked_as_app(hub):
    return [sent for sent in hub.requests if sent.path.startswith("/app/hook/deliveries")]


def test_what_an_apps_webhook_could_not_deliver_is_asked_for_once_and_arrives(made, hub, missed_one):
    assert ask_again(missed_one) == 1
    hub.rest()
    assert deliveries_of(missed_one) == ["issues"]
    assert ask_again(missed_one, timezone.now() + missed.EVERY) == 0
    assert [sent.redelivery for sent in made.hook.deliveries].count(True) == 1
    assert AppHook.objects.get().owed_since is None


def test_one_of_the_apps_projects_reads_its_log_for_all(made, hub, settings, missed_one, monkeypatch):
    other = link_by_app(hub, settings, made, github_repo="acme/other")
    is_due = missed._is_due

    def be_overtaken(*args):
        monkeypatch.setattr(missed, "_is_due", is_due)
        assert ask_again(other) == 1
        return is_due(*args)

    monkeypatch.setattr(missed, "_is_due", be_overtaken)
    assert ask_again(missed_one) == 0
    assert ask_again(other) == 0
    assert [sent.method for sent in asked_as_app(hub)] == ["GET", "POST"]


@pytest.mark.parametrize("trouble", ["the lease is lost", "no answer", "GitHub refuses"])
def test_a_round_that_breaks_off_asks_again_a_quarter_of_an_hour_later(made, hub, missed_one, trouble):
    now, answers = timezone.now(), iter([True])
    made.hook.deliveries[0].delivered_at = now - 10 * missed.OVERLAP
    if trouble == "the lease is lost":
        assert ask_again(missed_one, now, lambda: next(answers, False)) == 0
    else:
        status = {"no answer": 502, "GitHub refuses": 403}[trouble]
        hub.faults.append(Fault("answer", path="/app/hook/deliveries", times=2, status=status, body="{}"))
        with pytest.raises(GitHubError):
            ask_again(missed_one, now)
        hub.faults.clear()
    assert ask_again(missed_one, now + missed.EVERY - timedelta(seconds=1)) == 0
    assert ask_again(missed_one, now + missed.EVERY) == 1


def test_an_app_that_delivers_elsewhere_is_asked_for_nothing(made, hub, missed_one):
    made.hook.url = "http://127.0.0.1:9/elsewhere"
    assert ask_again(missed_one) == 0
    assert not asked_as_app(hub)
