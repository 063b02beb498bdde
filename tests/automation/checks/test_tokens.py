"""What GitHub answers about a token, and what is told when it does not answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from automation import doctor
from automation.checks.situation import Situation
from automation.demo.github import StandIn
from automation.tend import tend
from automation.troubles import troubles
from projects.models import Credential, Project
from tests.factories import create_project
from tests.linking import link

pytestmark = pytest.mark.django_db


def found(*, online=True, **values):
    situation = Situation(projects=doctor.active_projects(), may_ask_network=online, **values)
    findings = doctor.examine(situation, ["github"])
    return {finding.id[-4:]: f"{finding.message} {finding.hint}" for finding in findings}


@pytest.fixture
def project(hub, settings, token):
    return link(hub, settings, token)


def test_a_revoked_token_is_remembered_and_told_without_asking_again(hub, project, token):
    hub.revoke(token)
    assert "Bad credentials" in found()["E051"]
    asked = len(hub.requests)
    told = found(online=False)["E051"]
    assert "Bad credentials" in told
    assert told.count("Developer settings") == 1
    assert len(hub.requests) == asked


@pytest.mark.parametrize(
    ("scopes", "number"),
    [("repo, workflow", "D052"), ("public_repo", "I052"), ("gist", "E052"), ("", "E052"), (None, "I052")],
)
def test_scopes_that_suffice_and_that_do_not(hub, project, token, scopes, number):
    hub.describe(token, scopes=scopes)
    assert number in found()


@pytest.mark.parametrize(("days", "number"), [(3, "W053"), (-1, "W053"), (90, "D053")])
def test_a_token_that_ends_soon_is_warned_of(hub, project, token, days, number):
    hub.describe(token, expires_at=datetime.now(UTC) + timedelta(days=days))
    assert number in found()


def test_few_requests_left_and_none(hub, project, token):
    hub._gate.window(token).used = 4900
    said = found()["W054"]
    assert "99 of 5,000 requests are left until" in said
    assert "They are kept for publishing." in said
    assert "Of 5,000 requests an hour 99 are left, and these are kept for publishing until" in found()["W054"]
    Credential.objects.update(rate_remaining=None, rate_reset_at=None)
    hub._gate.limit_now(token, seconds=600, secondary=False)
    assert "rate limit is used up" in found()["W054"]


def test_a_clock_that_is_off_is_told_by_how_much(tmp_path, settings, token):
    def late():
        return datetime.now(UTC) - timedelta(minutes=5)

    with StandIn({token: "bot"}, root=tmp_path / "hub", clock=late) as hub:
        link(hub, settings, token)
        said = found()["W055"]
    assert "s ahead of GitHub's" in said
    assert 298 <= float(said.partition("clock is ")[2].partition(" s")[0]) <= 302


def test_an_unreachable_github_and_no_time_left(project, settings):
    settings.GITHUB_API_URL = "http://127.0.0.1:9"
    assert "no whole answer" in found()["E050"]
    assert "the time was used up" in found(deadline=0.0)["I051"]


def test_no_token_at_all_is_told_online_and_offline(settings, monkeypatch):
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    create_project()
    assert "GITHUB_TOKEN" in found()["E050"]
    assert "GITHUB_TOKEN" in found(online=False)["E050"]
    assert Credential.objects.count() == 0


def test_projects_that_share_a_token_are_asked_about_once(hub, project, settings, token):
    link(hub, settings, token, name="second", github_repo="acme/tools")
    said = found()["D051"]
    assert said.startswith("Token of calc and 1 more: ")
    assert len(hub.requests) == 1


def test_a_projects_own_trouble_is_an_error(project):
    Project.objects.update(error_code="github.not_found", error_message="There is no such repository.")
    assert "calc: There is no such repository." in found(online=False)["E057"]


def test_a_refused_token_is_told_once_and_not_again_as_each_projects_trouble(hub, project, token):
    hub.revoke(token)
    code = "github.bad_token"
    Project.objects.update(error_code=code, error_message="GitHub answered 401: Bad credentials.")
    for online in (True, False):
        said = found(online=online)
        assert ("E051" in said, "E057" in said) == (True, False)
    hub.grant(token, "autowrkers-bot")
    assert "E057" in found()


def test_the_end_of_a_token_is_kept_and_warned_of_without_asking_again(hub, project, token):
    """By doctor offline, and on Attention: once for all projects that share the token."""
    create_project(name="second", credential=project.credential)
    end = datetime.now(UTC) + timedelta(days=9)
    hub.describe(token, scopes="repo", expires_at=end)
    found()
    kept = Credential.objects.get()
    assert (kept.login, kept.scopes, kept.expires_at) == (
        "autowrkers-bot",
        ["repo"],
        end.replace(microsecond=0),
    )
    asked = len(hub.requests)
    assert "ends in" in found(online=False)["W053"]
    [trouble] = troubles(Project.objects.all())
    assert f"ends on {end:%Y-%m-%d}" in trouble.reason
    assert [shared.name for shared in trouble.projects] == ["calc", "second"]
    assert len(hub.requests) == asked


def test_an_end_that_is_far_off_is_no_trouble(hub, project, token):
    hub.describe(token, expires_at=datetime.now(UTC) + timedelta(days=15))
    found()
    assert troubles(Project.objects.all()) == []
    assert "W053" not in found(online=False)


def test_the_token_that_github_token_names_is_told_of_as_a_stored_one_is(hub, project, token, monkeypatch):
    """Its scopes, its end and its requests left, offline too, and on Attention once for all who use it."""
    monkeypatch.setenv("GITHUB_TOKEN", token)
    Project.objects.update(credential=None)
    create_project(name="second")
    end = datetime.now(UTC) + timedelta(days=9)
    hub.describe(token, scopes="gist", expires_at=end)
    hub._gate.window(token).used = 4900
    for online in (True, False):
        said = found(online=online)
        assert {"E052", "W053", "W054"} <= set(said)
    [trouble] = troubles(Project.objects.all())
    assert f"ends on {end:%Y-%m-%d}" in trouble.reason
    assert [shared.name for shared in trouble.projects] == ["calc", "second"]


def test_a_refused_token_that_github_token_names_is_told_once_for_all_projects(
    hub, project, token, monkeypatch
):
    monkeypatch.setenv("GITHUB_TOKEN", token)
    Project.objects.update(credential=None, error_code="github.bad_token")
    create_project(name="second")
    hub.revoke(token)
    for online in (True, False):
        said = found(online=online)
        assert ("E051" in said, "E057" in said) == (True, False)
    [trouble] = troubles(Project.objects.all())
    assert [shared.name for shared in trouble.projects] == ["calc", "second"]


@pytest.mark.parametrize("own", [True, False])
def test_rounds_note_a_tokens_scopes_and_end_from_answers_that_come_anyway(
    hub, project, token, settings, tmp_path, monkeypatch, own
):
    """Also while nothing changes on GitHub; and a token that shows neither any more has neither."""
    settings.AUTOWRKERS_WORKSPACE_ROOT = tmp_path / "workspace"
    monkeypatch.setenv("GITHUB_TOKEN", token)
    Project.objects.update(automation_enabled=True, credential=project.credential if own else None)
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(days=9)
    for scopes, ends_at in ("repo", None), ("gist", None), ("repo", end):
        hub.describe(token, scopes=scopes, expires_at=ends_at)
        asked = len(hub.requests)
        Project.objects.update(sync_requested_at=timezone.now())
        tend(project.pk)
        credential = Credential.objects.get(variable="" if own else "GITHUB_TOKEN")
        assert (credential.scopes, credential.expires_at) == ([scopes], ends_at)
    assert {seen.status for seen in hub.requests[asked:]} == {304}
    [trouble] = troubles(Project.objects.all())
    assert "ends on" in trouble.reason
    hub.describe(token, scopes=None)
    hub.create_issue(project.github_repo, "New")
    Project.objects.update(sync_requested_at=timezone.now())
    tend(project.pk)
    credential.refresh_from_db()
    assert (credential.scopes, credential.expires_at) == (None, None)
    assert "/user" not in {seen.path for seen in hub.requests}
