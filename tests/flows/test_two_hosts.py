"""A host that dies whole: another one, with a workspace of its own, completes the session with the same commit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from datetime import timedelta

import pytest
from django.db.models import F

from automation import repairing
from automation.demo.github import Fault
from automation.pipeline import advance
from automation.tend import tend
from issues.models import IssueSession
from issues.states import Status
from projects.models import Project
from projects.workspace import folders
from projects.workspace.kept import sessions_kept
from tests.flows.workers import ROOT, WORK, eventually, processes_with, product_environment

pytestmark = pytest.mark.django_db(transaction=True)
HOST = "import socket; socket.gethostname = lambda: {name!r}; "
FIX = [{"write": {"NOTES": "fixed\n"}}, {"commit": "Fix it"}]


@pytest.fixture
def seconds():
    """How long something sleeps: a number that no other process has in its command line."""
    return 7_000_000 + uuid.uuid4().int % 1_000_000


@pytest.fixture
def host(settings, tmp_path):
    """Start a worker on the host of that name: workspaces are each host's own, the logs are shared."""
    started = []

    def start(name, session):
        environment = product_environment(settings) | {"AUTOWRKERS_WORKSPACE_ROOT": str(tmp_path / name)}
        process = subprocess.Popen(
            [sys.executable, "-c", HOST.format(name=name) + WORK.format(pk=session.pk)],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            process_group=0,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.fixture
def dies(host, seconds):
    """The host a works on the session until `sleep` runs, and is gone then. Its lease has run out meanwhile."""

    def at_sleep(session):
        process = host("a", session)
        eventually(lambda: processes_with(f"sleep\0{seconds}") or process.poll() is not None, seconds=40)
        assert process.poll() is None, process.stdout.read()
        os.killpg(process.pid, signal.SIGKILL)
        eventually(lambda: not processes_with(str(seconds)))
        IssueSession.objects.update(lease_until=F("lease_until") - timedelta(seconds=60))

    return at_sleep


@pytest.fixture
def completes(host):
    def on_b(session):
        said, _ = host("b", session).communicate(timeout=60)
        assert said.rstrip().endswith("True"), said

    return on_b


@pytest.fixture
def begun(plain):
    number = plain.issue()
    tend(plain.project.pk)
    return plain.session(number)


def published(plain, session):
    """The session with its pull request: one request, and one branch at the commit that was checked."""
    found = plain.session(session.github_issue_number)
    assert (found.status, found.last_error) == (Status.PR_CREATED, "")
    assert len(plain.branches()) == 2
    assert len(plain.hub.pulls(plain.repo)) == 1
    assert plain.hub.repository(plain.repo).bare.resolve(found.branch_name) == found.head_sha
    return found


@pytest.mark.services
def test_a_host_that_died_while_it_verified_leaves_its_commit_to_another(
    plain, begun, dies, completes, seconds
):
    plain.change(verification_command=f"sleep {seconds}")
    dies(begun)
    head = plain.session(begun.github_issue_number).head_sha
    plain.change(verification_command="grep -qs fixed NOTES")
    completes(begun)
    found = published(plain, begun)
    assert (found.head_sha, found.attempts, found.attempt_rows.count()) == (head, 0, 1)


@pytest.mark.services
def test_a_host_that_died_at_work_leaves_what_was_imported_before(plain, begun, dies, completes, seconds):
    plain.change(verification_command="test -e NOTES || { printf 'no%s' pe; exit 1; }")
    plain.agent(
        {"match": "nope", "steps": [{"run": f"sleep {seconds}"}]},
        {"steps": [{"write": {"OTHER": "1\n"}}, {"commit": "Not yet"}]},
    )
    dies(begun)
    first = begun.attempt_rows.get(number=1)
    assert (first.counted, bool(first.head_sha)) == (True, True)
    plain.agent({"steps": FIX})
    completes(begun)
    found = published(plain, begun)
    assert [row.outcome for row in found.attempt_rows.order_by("number")] == ["done", "worker_lost", "done"]
    assert found.attempt_rows.get(number=3).base_sha == first.head_sha
    assert found.attempts == 1


def test_a_host_that_died_before_the_push_leaves_the_checked_commit_to_another(plain, begun, host, completes):
    fault = Fault("delay", method="GET", path=rf"/issues/{begun.github_issue_number}$", seconds=2)
    plain.hub.faults.append(fault)
    process = host("a", begun)
    eventually(lambda: not fault.times, seconds=40)
    assert plain.session(begun.github_issue_number).step == "publish"
    os.killpg(process.pid, signal.SIGKILL)
    head = plain.session(begun.github_issue_number).head_sha
    IssueSession.objects.update(lease_until=F("lease_until") - timedelta(seconds=60))
    completes(begun)
    assert published(plain, begun).head_sha == head


@pytest.mark.parametrize("damage", ["gone", "broken"])
def test_a_commit_that_can_be_had_nowhere_is_done_again_and_costs_no_attempt(
    plain, begun, dies, completes, seconds, settings, damage
):
    plain.change(verification_command=f"sleep {seconds}")
    dies(begun)
    (bundle,) = settings.AUTOWRKERS_LOG_ROOT.glob("*.bundle")
    whole = bundle.read_bytes()
    bundle.unlink() if damage == "gone" else bundle.write_bytes(whole[: len(whole) - 40])
    plain.change(verification_command="grep -qs fixed NOTES")
    completes(begun)
    found = published(plain, begun)
    assert (found.attempts, found.attempt_rows.count()) == (0, 2)
    (event,) = found.events.filter(reason="commit_gone")
    assert "neither on this host nor on GitHub" in event.message
    assert Project.objects.get().error_code == ""


def test_a_host_with_nothing_but_its_sessions_cluster_clears_away_what_they_left(
    plain, begun, settings, tmp_path
):
    first, second = settings.AUTOWRKERS_WORKSPACE_ROOT, tmp_path / "second"
    settings.AUTOWRKERS_WORKSPACE_ROOT = second
    assert advance(begun.pk)
    left = folders.paths_of(begun.pk)
    assert {path.parent.name for path in left} == {"clones", "homes"}
    repairing.look()
    assert folders.paths_of(begun.pk) == left, "its pull request is open"
    settings.AUTOWRKERS_WORKSPACE_ROOT = first
    plain.hub.merge(plain.repo, plain.session(begun.github_issue_number).pr_number)
    plain.run()
    settings.AUTOWRKERS_WORKSPACE_ROOT = second
    assert sessions_kept(plain.project.mirror_path) == {begun.pk}
    repairing.look()
    assert folders.paths_of(begun.pk) == []
    assert sessions_kept(plain.project.mirror_path) == set()
