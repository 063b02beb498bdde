"""The doctor command and its short form check_github, on real conditions."""

from __future__ import annotations

import time
from io import StringIO

import pytest
from django.core.checks import registry as django_registry
from django.core.management import call_command
from django.core.management.base import CommandError

from automation.demo.github import Fault
from tests.automation.commands.calling import run_command
from tests.factories import create_project
from tests.linking import link

pytestmark = pytest.mark.django_db


def levels(ran, tag=None):
    return {f["id"]: f["level"] for f in ran.data["findings"] if tag in (None, f["tag"])}


@pytest.fixture
def project(hub, settings, token, tmp_path):
    settings.AUTOWRKERS_WORKSPACE_ROOT, settings.AUTOWRKERS_LOG_ROOT = tmp_path / "work", tmp_path / "logs"
    return link(hub, settings, token)


def test_a_good_token_is_told_with_all_that_github_says_of_it(project):
    ran = run_command("check_github", "--json")
    assert (ran.code, ran.answer["ok"], ran.answer["command"]) == (0, True, "check_github")
    assert levels(ran) == {
        "autowrkers.D051": "ok",
        "autowrkers.D052": "ok",
        "autowrkers.D053": "ok",
        "autowrkers.D054": "ok",
        "autowrkers.D055": "ok",
        "autowrkers.I056": "note",
    }


def test_a_revoked_token_makes_the_environment_not_ready_and_is_never_printed(hub, project, token):
    hub.revoke(token)
    ran = run_command("check_github")
    assert ran.code == 4
    assert "Bad credentials" in ran.out
    assert "Make a new token on GitHub" in ran.out
    assert token not in ran.out + ran.err
    assert ran.err.strip().splitlines()[-1].startswith("Not ready: 1 error. Each")


def test_one_project_is_checked_by_its_name(project):
    create_project(name="other", error_code="github.bad_token", error_message="The token is refused.")
    ran = run_command("check_github", project.github_repo, "--json", "--offline")
    assert {finding["project"] for finding in ran.data["findings"]} <= {project.pk, None}
    assert ran.code == 0
    unknown = run_command("check_github", "nobody/nothing")
    assert (unknown.code, "There is no project" in unknown.err) == (1, True)


def test_offline_asks_nobody(hub, project):
    ran = run_command("check_github", "--offline", "--json")
    assert (ran.code, hub.requests) == (0, [])


def test_warnings_fail_only_when_that_is_asked_for(hub, project, token):
    hub.describe(token, scopes="public_repo", expires_at=None)
    assert run_command("check_github", "--fail-level", "warning").code == 0
    hub._gate.window(token).used = 4990
    assert run_command("check_github").code == 0
    assert run_command("check_github", "--fail-level", "warning").code == 4


def test_a_silent_github_is_waited_for_only_so_long(hub, project, monkeypatch):
    monkeypatch.setattr("automation.checks.tokens.REQUEST_SECONDS", 0.5)
    hub.faults.append(Fault("delay", seconds=30))
    began = time.monotonic()
    ran = run_command("check_github")
    assert (ran.code, time.monotonic() - began < 10) == (4, True)
    assert "no whole answer" in ran.out


def test_one_topic_at_a_time(project):
    ran = run_command("doctor", "--json", "--offline", "--tag", "git", "--tag", "storage")
    assert {finding["tag"] for finding in ran.data["findings"]} == {"git", "storage"}
    assert ran.code == 0


def test_an_unknown_tag_is_a_wrong_use(project):
    with pytest.raises(CommandError):
        call_command("doctor", "--tag", "weather", stdout=StringIO(), stderr=StringIO())


def test_a_terminal_gets_a_table_and_a_pipe_gets_lines(project):
    class Terminal(StringIO):
        def isatty(self):
            return True

    out = Terminal()
    call_command("doctor", "--offline", "--tag", "git", stdout=out, no_color=True)
    assert "About" in out.getvalue()
    assert "\x1b" not in out.getvalue()
    plain = run_command("doctor", "--offline", "--tag", "git").out
    assert plain.startswith("ok      git       git version")


def test_what_others_wrote_cannot_speak_to_the_terminal(hub, settings, token):
    link(hub, settings, token, name="evil \x1b[31m‮name", github_repo="acme/calc")
    ran = run_command("check_github", "--offline")
    assert "\x1b" not in ran.out
    assert "‮" not in ran.out


def test_none_of_it_runs_with_each_command():
    create_project(error_code="github.bad_token", error_message="The token is refused.")
    names = {
        check.__module__ for check in django_registry.registry.get_checks(include_deployment_checks=True)
    }
    assert not [name for name in names if name.startswith("automation.checks")]
    call_command("check", stdout=StringIO(), stderr=StringIO())
