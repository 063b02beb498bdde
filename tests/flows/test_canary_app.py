"""The canary test of the other ways in: an App's key, its tokens and an account's refresh token turn up nowhere."""

from __future__ import annotations

import json
import logging

import pytest
from django.conf import settings as django_settings
from django.urls import reverse

from automation.tend import tend
from issues.states import Status
from projects import account_tokens, accounts, app_tokens
from projects.github.exchange import UserTokens
from projects.github.person import Person
from projects.models import Credential, GitHubApp
from projects.redaction import redact
from tests.factories import create_superuser
from tests.flows.conftest import CHECK, FIX, Story
from tests.flows.test_canary import LOOK_AROUND, Sampler, files, rows, spellings
from tests.flows.workers import start_worker
from tests.github_app import link_by_app, store_app

pytestmark = pytest.mark.django_db(transaction=True)
ACCOUNT = UserTokens(access="ghu_canary" + "0" * 30, refresh="ghr_canary" + "1" * 60)


@pytest.fixture
def tale(hub, settings, tmp_path):
    settings.AUTOWRKERS_WORKSPACE_ROOT = tmp_path / "workspace"
    settings.AUTOWRKERS_LOG_ROOT = tmp_path / "logs"
    app_tokens._kept.clear()
    app = store_app(hub, settings)
    hub.apps.install(app, hub.repository("acme/calc"))
    script = tmp_path / "agent.json"
    values = {"agent_command": str(script), "automation_enabled": True, "auto_start": True}
    tale = Story(hub, link_by_app(hub, settings, app, verification_command=CHECK, **values), script)
    tale.agent({"steps": [{"run": LOOK_AROUND}, *FIX]})
    tale.person = create_superuser()
    accounts.connect(tale.person, Person(7, "alice"), ACCOUNT, app.client_id)
    return tale


def pages(client, tale):
    client.force_login(tale.person)
    credentials = Credential.objects.values_list("pk", flat=True)
    paths = [reverse("admin:projects_credential_change", args=[pk]) for pk in credentials]
    paths += [
        reverse(f"admin:{name}") for name in ("github-app", "github-account", "link-repository", "doctor")
    ]
    paths += [reverse("admin:link-checks", args=[tale.project.pk]), "/admin/projects/auditevent/"]
    for path in paths:
        answer = client.get(path)
        assert answer.status_code == 200, path
        yield path, answer.content.decode()


def test_no_secret_of_an_app_or_an_account_is_found_anywhere_after_a_run(tale, client, settings, caplog):
    caplog.set_level(logging.DEBUG)
    number = tale.issue()
    tend(tale.project.pk)
    sampler = Sampler()
    sampler.start()
    worker = start_worker(tale.session(number).pk, settings)
    output, _ = worker.communicate(timeout=120)
    sampler.ended.set()
    sampler.join()
    assert tale.session(number).status == Status.PR_CREATED, output
    secrets = GitHubApp.objects.get().credential.parts()
    canaries = [secrets["client_secret"], *secrets["private_key"].splitlines()[1:-1], *tale.hub.apps.grants]
    canaries += [ACCOUNT.access, ACCOUNT.refresh]
    places = [
        ("output", output),
        ("log", caplog.text),
        ("argv", b"\n".join(sampler.seen).decode(errors="replace")),
    ]
    places += [(label, text) for label, text in rows() if label != "projects.Credential"]
    places += [(str(path), text) for path, text in files(django_settings.AUTOWRKERS_WORKSPACE_ROOT)]
    places += [(str(path), text) for path, text in files(django_settings.AUTOWRKERS_LOG_ROOT)]
    issues = tale.hub.issues("acme/calc") + tale.hub.pulls("acme/calc")
    places += [(f"#{issue.number}", json.dumps([issue.title, issue.body])) for issue in issues]
    places += pages(client, tale)
    assert len(places) > 40
    known = {spelling for canary in canaries for spelling in spellings(canary)}
    assert {place for place, text in places if any(spelling in text for spelling in known)} == set()


def test_the_secrets_are_masked_when_they_are_printed(tale):
    key = GitHubApp.objects.get().credential.parts()["private_key"]
    account = Credential.objects.get(kind="oauth")
    assert account_tokens.token_giver(account)() == ACCOUNT.access
    for printed in (key, repr(key), json.dumps({"pem": key}), ACCOUNT.refresh, f"x={ACCOUNT.access};"):
        said = redact(printed)
        assert key.splitlines()[1] not in said
        assert "canary" not in said
