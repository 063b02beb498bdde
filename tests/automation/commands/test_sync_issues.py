"""sync_issues: in the foreground, one project or many, with an exit code that tells how many failed."""

from __future__ import annotations

import pytest
from django.utils import timezone

from issues.models import IssueSession
from projects import leases
from projects.models import Project
from tests.automation.commands.calling import run_command
from tests.factories import create_project
from tests.linking import link

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def project(hub, settings, token):
    hub.create_issue("acme/calc", "mean([]) should say what is wrong")
    hub.create_issue("acme/calc", "Rounding", labels=["needs-discussion"])
    return link(hub, settings, token)


def test_it_prints_what_is_new_and_nothing_moves_where_no_terminal_is(project, capfd):
    ran = run_command("sync_issues", "acme/calc")
    assert ran.code == 0
    assert ran.out == "acme/calc: 2 new, 0 changed, 1 skipped, 2 listed.\n"
    assert ran.err == ""
    assert capfd.readouterr().err == ""
    assert IssueSession.objects.count() == 2


def test_a_second_sync_finds_nothing_new(project):
    run_command("sync_issues", "acme/calc")
    (counts,) = run_command("sync_issues", "--all", "--json").data["projects"]
    assert (counts["project"], counts["new"], counts["changed"]) == ("acme/calc", 0, 0)


@pytest.mark.parametrize("arguments", [(), ("acme/calc", "--all")])
def test_projects_or_all_but_not_both_and_not_neither(arguments, project):
    ran = run_command("sync_issues", *arguments, "--json")
    assert (ran.code, ran.answer["ok"]) == (2, False)
    assert ran.answer["errors"][0]["code"] == "command.usage"
    assert not IssueSession.objects.exists()


def test_the_trouble_of_one_project_does_not_keep_the_others_from_it(project):
    create_project(github_repo="acme/gone", credential=project.credential)
    ran = run_command("sync_issues", "--all", "--json")
    assert ran.code == 3
    assert [done["project"] for done in ran.data["projects"]] == ["acme/calc"]
    (error,) = ran.answer["errors"]
    assert error["code"] == "github.not_found"
    assert error["message"].startswith("acme/gone: ")
    assert error["remedy"]


def test_without_a_token_the_environment_is_not_ready(project, monkeypatch):
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    Project.objects.update(credential=None)
    ran = run_command("sync_issues", "acme/calc")
    assert ran.code == 4
    assert "GITHUB_TOKEN is empty" in ran.err


def test_a_project_that_a_worker_holds_is_left_to_it(project):
    assert leases.claim(Project, project.pk)
    ran = run_command("sync_issues", "acme/calc", "--json")
    assert (ran.code, ran.answer["errors"][0]["code"]) == (1, "project.busy")
    assert not IssueSession.objects.exists()


def test_the_lease_is_free_again_after_success_and_after_failure(project):
    run_command("sync_issues", "acme/calc")
    Project.objects.update(github_repo="acme/gone")
    run_command("sync_issues", "--all")
    assert Project.objects.get().lease_until is None


def test_success_clears_the_error_that_pages_show(project):
    Project.objects.update(error_code="github.unavailable", error_message="x", error_since=timezone.now())
    run_command("sync_issues", "acme/calc")
    assert Project.objects.get().error_code == ""


def test_the_same_project_named_twice_is_synced_once(project):
    ran = run_command("sync_issues", "acme/calc", project.pk, "--json")
    assert len(ran.data["projects"]) == 1
