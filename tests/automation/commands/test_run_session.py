"""run_session: the work on one session in the foreground, watched, stopped, and what it says at its end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from automation.demo import story
from issues.models import IssueSession
from issues.states import Status
from issues.sync import sync_project
from projects import leases
from projects.connection import connect
from projects.models import Project
from tests.automation.commands.calling import run_command
from tests.factories import create_attempt, create_session
from tests.flows.workers import database_url, eventually, processes_with
from tests.linking import link

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "agent.json"
    path.write_text(story.agent_script())
    return path


@pytest.fixture
def session(hub, settings, token, tmp_path, script):
    """The demo's first issue, synced and not started."""
    settings.AUTOWRKERS_WORKSPACE_ROOT = tmp_path / "workspace"
    settings.AUTOWRKERS_LOG_ROOT = tmp_path / "logs"
    hub.create_issue("acme/calc", story.MEDIAN.title, story.MEDIAN.body)
    project = link(hub, settings, token, agent_command=str(script), **story.COMMANDS)
    sync_project(project, connect(project))
    return project.sessions.get()


def play(script, *steps):
    script.write_text(json.dumps({"pace": 0, "rules": [{"match": "", "steps": list(steps)}]}))


def test_it_works_until_the_pull_request_and_shows_the_agent(session):
    ran = run_command("run_session", "acme/calc#1")
    session.refresh_from_db()
    assert (ran.code, session.status) == (0, Status.PR_CREATED)
    assert "acme/calc#1" in ran.out
    assert f"Pull request #{session.pr_number} (open): {session.pr_url}" in ran.out
    assert "Attempt 1 with scripted:" in ran.err
    assert "The tests pass." in ran.err
    assert "Attempt" not in ran.out


def test_a_question_of_the_agent_is_no_success(session, script):
    play(script, {"say": "/needs-human: Which \x1b[31mmedian?"})
    ran = run_command("run_session", session.pk, "--json")
    assert ran.code == 1
    assert ran.data["session"]["status"] == "needs_review"
    (error,) = ran.answer["errors"]
    assert "Which median?" in error["message"]
    assert "Possible now: start, retry, skip" in error["remedy"]
    assert "\x1b" not in ran.out + ran.err


def test_a_parked_session_says_until_when(session, hub, token):
    hub.revoke(token)
    ran = run_command("run_session", session.pk)
    session.refresh_from_db()
    assert (ran.code, session.status, session.attempts) == (1, Status.IN_PROGRESS, 0)
    assert f"It waits until {session.not_before:%Y-%m-%d %H:%M} UTC" in ran.err


def test_without_budget_nothing_starts(session):
    earlier = create_session(project=session.project, status="skipped")
    create_attempt(earlier, cost_usd=Decimal(9))
    Project.objects.update(monthly_budget_usd=Decimal(9))
    ran = run_command("run_session", session.pk, "--json")
    (error,) = ran.answer["errors"]
    assert (ran.code, error["code"]) == (1, "session.monthly_budget")
    assert "The monthly budget of $ 9.00 is used up" in error["message"]
    session.refresh_from_db()
    assert (session.status, session.queued_at, session.attempt_rows.count()) == (Status.PENDING, None, 0)


def test_without_its_agent_the_environment_is_not_ready(session, settings):
    settings.AUTOWRKERS_CLAUDE_COMMAND = "no-such-agent"
    Project.objects.update(agent="claude_code", agent_command="")
    ran = run_command("run_session", session.pk, "--json")
    assert ran.code == 4
    assert ran.answer["errors"][0]["code"] == "session.missing_tool"


def test_a_session_of_another_worker_is_left_to_it_and_its_holder_named(session):
    lease = leases.claim(IssueSession, session.pk)
    ran = run_command("run_session", session.pk)
    session.refresh_from_db()
    host, process, _ = lease.owner.split(":")
    assert ran.code == 4
    assert f"process {process} on {host}" in ran.err
    assert (session.queued_at, session.requested_verb) == (None, "")


def test_what_cannot_be_started_says_what_can_be_done(session):
    IssueSession.objects.update(status=Status.FAILED)
    ran = run_command("run_session", session.pk)
    assert ran.code == 1
    assert "Possible now: retry" in ran.err


def test_ctrl_c_ends_the_agent_holds_the_session_and_exits_with_130(session, script, settings, tmp_path):
    play(script, {"say": "Thinking."}, {"run": f"sleep 612.5 # {tmp_path.name}"})
    env = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": database_url(),
        "GITHUB_API_URL": settings.GITHUB_API_URL,
        "GITHUB_WEB_URL": settings.GITHUB_WEB_URL,
    }
    argv = (sys.executable, "manage.py", "run_session", str(session.pk), "--json")
    ran = subprocess.Popen(argv, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        eventually(lambda: processes_with("612.5"), seconds=30)
        ran.send_signal(signal.SIGINT)
        out, err = ran.communicate(timeout=30)
    finally:
        ran.kill()
    session.refresh_from_db()
    assert ran.returncode == 130, err
    assert json.loads(out)["data"]["session"]["reason"] == "stopped"
    assert (session.status, session.attempts) == (Status.NEEDS_REVIEW, 0)
    assert "Thinking." in err
    assert processes_with("612.5") == []
