"""sync_issues: in the foreground, one project or many, with an exit code that tells how many failed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from django_q.models import OrmQ

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


def foreseen(*arguments):
    ran = run_command("sync_issues", "acme/calc", "--dry-run", "--json", *arguments)
    (counts,) = ran.data["projects"]
    return {issue["number"]: (issue["kind"], issue["status"], issue["reason"]) for issue in counts["issues"]}


def test_a_dry_run_of_a_new_project_lists_what_would_come_in_and_stores_nothing(project):
    before = Project.objects.values().get()
    Project.objects.update(issue_filter={"exclude_labels": ["wip"]})
    assert foreseen() == {1: ("new", "pending", ""), 2: ("new", "skipped", "skip_label")}
    assert not IssueSession.objects.exists()
    assert Project.objects.values().get() == before | {"issue_filter": {"exclude_labels": ["wip"]}}
    assert not OrmQ.objects.exists()


def test_a_dry_run_says_what_changed_what_closed_and_what_the_filter_leaves_out(project, hub):
    run_command("sync_issues", "acme/calc")
    rows = list(IssueSession.objects.order_by("pk").values())
    hub.close("acme/calc", 1)
    hub.edit_issue("acme/calc", 2, title="Rounding \x1b[31mof halves")
    hub.create_issue("acme/calc", "Not for us", labels=["wip"])
    Project.objects.update(issue_filter={"exclude_labels": ["wip"]})
    assert foreseen() == {
        1: ("moved", "skipped", "issue_closed"),
        2: ("changed", "skipped", "skip_label"),
        3: ("left_out", "", ""),
    }
    ran = run_command("sync_issues", "acme/calc", "--dry-run")
    assert "#1 becomes skipped (its issue was closed)" in ran.out
    assert "\x1b" not in ran.out
    assert list(IssueSession.objects.order_by("pk").values()) == rows


def test_since_looks_again_at_what_the_cursor_has_passed(project):
    run_command("sync_issues", "acme/calc")
    IssueSession.objects.update(github_issue_title="out of date")
    later = timezone.now() + timedelta(days=30)
    Project.objects.update(sync_cursor=later)
    assert run_command("sync_issues", "acme/calc", "--json").data["projects"][0]["changed"] == 0
    ran = run_command("sync_issues", "acme/calc", "--since", "2020-01-01", "--json")
    assert ran.data["projects"][0]["changed"] == 2
    assert not IssueSession.objects.filter(github_issue_title="out of date").exists()


def test_a_date_that_is_none_is_a_usage_error(project):
    assert "is not a date" in run_command("sync_issues", "acme/calc", "--since", "yesterday").err
