"""The main job by a GitHub App alone: tokens made when they are used, for one repository, and no use beyond that."""

from __future__ import annotations

import json
import re

import pytest

from automation import pipeline
from automation.demo import origin
from automation.troubles import troubles
from issues.states import Status
from projects import app_tokens
from projects.models import Credential, Project
from projects.redaction import redact
from tests.flows.conftest import CHECK, FIX, Story
from tests.github_app import link_by_app, store_app

pytestmark = pytest.mark.django_db(transaction=True)
BOT = "autowrkers-acme[bot]"


@pytest.fixture(autouse=True)
def nothing_kept():
    app_tokens._kept.clear()


@pytest.fixture
def app(hub, settings):
    app = store_app(hub, settings)
    app.installation = hub.apps.install(app, hub.repository("acme/calc"))
    return app


@pytest.fixture
def tale(hub, settings, app, tmp_path):
    settings.AUTOWRKERS_WORKSPACE_ROOT = tmp_path / "workspace"
    settings.AUTOWRKERS_LOG_ROOT = tmp_path / "logs"
    script = tmp_path / "agent.json"
    values = {"agent_command": str(script), "automation_enabled": True, "auto_start": True}
    tale = Story(hub, link_by_app(hub, settings, app, verification_command=CHECK, **values), script)
    tale.agent({"steps": FIX})
    return tale


@pytest.fixture
def median(tale):
    return tale.issue()


def mints(hub):
    return [json.loads(seen.body) for seen in hub.requests if seen.path.endswith("/access_tokens")]


def test_an_issue_becomes_a_pull_request_with_tokens_of_the_app_alone(tale, median):
    """Each token is for one repository and the least permissions, and is used again while it is good."""
    tale.run()
    session = tale.session(median)
    assert (session.status, session.last_error) == (Status.PR_CREATED, "")
    assert tale.hub.issue("acme/calc", session.pr_number).author == BOT
    assert [comment.author for comment in tale.hub.comments("acme/calc", median)] == [BOT]
    tale.hub.merge("acme/calc", session.pr_number)
    tale.run()
    assert tale.session(median).status == Status.COMPLETED
    asked = [seen for seen in tale.hub.requests if seen.kind == "api" and "conversions" not in seen.path]
    assert {seen.headers["authorization"].split()[1][:4] for seen in asked} == {"ghs_", "eyJh"}
    assert tale.hub.apps.out_of_scope == []
    by_name, by_number = mints(tale.hub)  # GitHub tells the repository's number in its first answer
    assert (by_name["repositories"], len(by_number["repository_ids"])) == (["calc"], 1)
    assert "workflows" not in by_name["permissions"]


def test_a_token_that_ends_while_the_agent_works_is_made_anew_before_the_push(tale, median, monkeypatch):
    """An hour and more passes between the first step and the push, here and on GitHub."""
    begun, passed = pipeline.STEPS["work"], []

    def long_work(session, env):
        outcome = begun(session, env)
        if not passed:
            passed.append(3600)
            for token in tale.hub._gate.ends:
                tale.hub._gate.ends[token] = tale.hub._ledger.now().replace(year=2020)
            late = app_tokens.monotonic() + 3600
            monkeypatch.setattr(app_tokens, "monotonic", lambda: late)
        return outcome

    monkeypatch.setitem(pipeline.STEPS, "work", long_work)
    tale.run()
    assert passed == [3600]
    assert tale.session(median).status == Status.PR_CREATED
    refused = [seen for seen in tale.hub.requests if seen.status == 401]
    assert refused == []


def test_a_suspended_installation_needs_credentials_and_goes_on_by_itself(tale, app):
    tale.run()
    tale.hub.apps.suspend(app.installation)
    tale.run()
    assert (tale.project_error(), len(mints(tale.hub))) == (
        "github.forbidden",
        2,
    )  # the kept token was refused
    tale.run()
    credential = Credential.objects.get(kind="installation")
    assert credential.error_code == "github.bad_token"
    assert "Lift the suspension" in credential.error_message
    assert len(mints(tale.hub)) == 3
    tale.hub.apps.suspend(app.installation, lift=True)
    number = tale.issue()
    tale.run()
    assert Credential.objects.get(kind="installation").error_code == ""
    assert tale.session(number).status == Status.PR_CREATED


def test_a_removed_installation_says_what_to_do(tale, median, app):
    tale.hub.apps.uninstall(app.installation)
    tale.run()
    assert "Install the GitHub App" in Credential.objects.get(kind="installation").error_message
    [trouble] = troubles(Project.objects.all())
    assert "GitHub App installation" in trouble.reason
    assert "token" not in trouble.remedy


def test_a_repository_that_was_taken_from_the_app_stops_its_project_and_no_other(tale, app, settings):
    origin.fill(tale.hub.create_repository("acme/tools").bare)
    installation = tale.hub.apps.installations[app.installation]
    tools = tale.hub.repository("acme/tools")
    installation.repositories.add(tools.id)
    tools.permissions[app.bot] = "write"
    other = link_by_app(tale.hub, settings, app, name="tools", github_repo="acme/tools")
    installation.repositories.remove(tools.id)
    assert other.credential_id == tale.project.credential_id
    neighbour = Story(tale.hub, other, tale.script)
    neighbour.run()
    assert neighbour.project_error() == "github.forbidden"
    assert Credential.objects.get(kind="installation").error_code == ""


def test_a_token_of_the_long_form_is_masked_everywhere(tale, app):
    token = tale.hub.apps.issue(tale.hub.apps.installations[app.installation], set(), {})
    assert len(token) > 255
    assert re.fullmatch(r"ghs_\d+_eyJ[\w.-]+", token)
    assert redact(f"fatal: {token}, again") == "fatal: [redacted], again"
