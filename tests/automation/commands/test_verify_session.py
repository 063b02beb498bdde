"""verify_session: the checks once more on what a session has, with the session left where it is."""

from __future__ import annotations

import pytest

from automation.demo import story
from issues.models import IssueSession
from issues.states import Status
from issues.sync import sync_project
from projects import leases
from projects.connection import connect
from projects.models import Project
from projects.workspace import folders
from tests.automation.commands.calling import run_command
from tests.factories import create_session
from tests.linking import link

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def session(hub, settings, token, tmp_path):
    """The demo's first issue, worked on until its pull request."""
    settings.AUTOWRKERS_WORKSPACE_ROOT = tmp_path / "workspace"
    settings.AUTOWRKERS_LOG_ROOT = tmp_path / "logs"
    script = tmp_path / "agent.json"
    script.write_text(story.agent_script())
    hub.create_issue("acme/calc", story.MEDIAN.title, story.MEDIAN.body)
    project = link(hub, settings, token, agent_command=str(script), **story.COMMANDS)
    sync_project(project, connect(project))
    assert run_command("run_session", "acme/calc#1").code == 0
    return project.sessions.get()


def test_it_checks_the_same_commit_again_and_stores_what_it_found(session):
    before = session.verification_results.count()
    ran = run_command("verify_session", "acme/calc#1", "--json")
    assert (ran.code, ran.data["passed"], ran.data["head_sha"]) == (0, True, session.head_sha)
    assert session.verification_results.count() == 2 * before
    assert [check["name"] for check in ran.data["checks"]]
    now = IssueSession.objects.get(pk=session.pk)
    assert (now.status, now.lease_until) == (Status.PR_CREATED, None)
    assert list(folders.check_path(session.pk, now.fence).parent.glob(f"{session.pk}-*")) == []


def test_a_failed_check_exits_with_1_and_says_why_and_the_status_stays(session):
    Project.objects.update(lint_command="echo bad style; exit 3")
    ran = run_command("verify_session", session.pk)
    assert ran.code == 1
    assert "Lint: failed" in ran.out
    assert "bad style" in ran.err
    assert IssueSession.objects.get(pk=session.pk).status == Status.PR_CREATED


def test_a_failed_setup_is_the_environments_fault(session):
    Project.objects.update(setup_command="exit 1")
    ran = run_command("verify_session", session.pk, "--json")
    assert (ran.code, ran.data["passed"]) == (1, False)
    assert ran.answer["errors"][0]["code"] == "session.setup"


def test_it_leaves_a_session_to_the_worker_that_has_it(session):
    lease = leases.claim(IssueSession, session.pk)
    before = session.verification_results.count()
    ran = run_command("verify_session", session.pk)
    host, process, _ = lease.owner.split(":")
    assert ran.code == 4
    assert f"process {process} on {host}" in ran.err
    assert session.verification_results.count() == before


def test_a_session_without_a_commit_says_what_to_do_first():
    ran = run_command("verify_session", create_session().pk, "--json")
    assert (ran.code, ran.answer["errors"][0]["code"]) == (1, "session.nothing_to_verify")


def test_a_commit_that_is_not_on_this_host_is_named(session):
    IssueSession.objects.update(head_sha="a" * 40)
    ran = run_command("verify_session", session.pk, "--json")
    assert ran.answer["errors"][0]["code"] == "git.not_here"
