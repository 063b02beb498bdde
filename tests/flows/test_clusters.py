"""The real processes: both queue clusters and the clock, on whatever database and broker this run is configured for."""

from __future__ import annotations

import os
import signal
import threading
import uuid
from datetime import timedelta

import pytest
from django.db.models import F

from automation.demo import story
from automation.management.commands.run import parts
from automation.supervisor import supervise
from issues.models import IssueSession
from issues.states import Status
from projects.models import Project
from tests.flows.workers import ROOT, ancestor_with, eventually, processes_with, product_environment

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.broker]


@pytest.fixture
def processes(tale, settings):
    """Everything that `manage.py run` starts, but the web server."""
    stop, lines = threading.Event(), []
    wanted = [part for part in parts(web_socket=0) if part.name != "web"]
    thread = threading.Thread(
        target=supervise,
        args=(wanted,),
        kwargs={"env": product_environment(settings), "cwd": ROOT, "stop": stop, "say": lines.append},
    )
    thread.start()
    yield lines
    stop.set()
    thread.join(timeout=30)
    assert not thread.is_alive()


@pytest.mark.services
def test_clock_and_clusters_take_issues_to_merged_pull_requests(tale, processes):
    numbers = [tale.issue(issue.title, issue.body, labels=list(issue.labels)) for issue in story.ISSUES[:2]]

    def statuses():
        return [session.status for session in tale.project.sessions.order_by("github_issue_number")]

    eventually(lambda: statuses() == [Status.PR_CREATED] * 2, seconds=90)
    for number in numbers:
        tale.hub.merge("acme/calc", tale.session(number).pr_number)
    Project.objects.update(sync_requested_at="2026-01-01T00:00Z")
    eventually(lambda: statuses() == [Status.COMPLETED] * 2, seconds=90)
    assert len(tale.hub.pulls("acme/calc")) == 2
    assert [len(tale.comments(number)) for number in numbers] == [1, 1]


def test_a_killed_worker_of_the_cluster_loses_no_session(tale, processes):
    seconds = 7_000_000 + uuid.uuid4().int % 1_000_000
    tale.agent({"match": "", "steps": [{"run": f"sleep {seconds}"}]})
    number = tale.issue(story.MEDIAN.title, story.MEDIAN.body)
    eventually(lambda: processes_with(f"sleep\0{seconds}"), seconds=60)
    tale.script.write_text(story.agent_script())
    os.kill(ancestor_with("qcluster", processes_with(f"sleep\0{seconds}")[0]), signal.SIGKILL)
    eventually(lambda: not processes_with(str(seconds)), seconds=10)
    IssueSession.objects.update(lease_until=F("lease_until") - timedelta(seconds=60))  # as if it had run out
    eventually(lambda: tale.session(number).status == Status.PR_CREATED, seconds=90)
    session = tale.session(number)
    outcomes = list(session.attempt_rows.order_by("number").values_list("outcome", "counted"))
    assert (session.attempts, outcomes) == (0, [("worker_lost", False), ("done", False)])
    assert tale.footprint([number]) == ([f"feature/issue-{number}", "main"], 1, [1])
