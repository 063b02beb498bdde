"""A restart under running sessions: agents end in good order, and the next worker goes on, at no attempt's cost."""

from __future__ import annotations

import signal
import socket
import subprocess
import threading
import time

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from automation import attempts, draining, hosts
from automation.pipeline import advance
from automation.tend import tend
from issues.models import Attempt, IssueSession
from issues.states import Status
from tests.factories import create_attempt
from tests.flows.workers import eventually, processes_with

pytestmark = pytest.mark.django_db(transaction=True)
GOOD = "def mean(values):\n    return sum(values) / len(values)\n\n\nmedian = mean\n"
FIX = [{"write": {"calc/averages.py": GOOD}}, {"commit": "Fix it"}]
TEN = 10
DEAF = "trap '' TERM INT HUP; while :; do sleep {seconds}; done"


@pytest.fixture
def cluster(manage):
    """What a host runs that only works on sessions."""
    return lambda minutes, slots=2: manage(
        *("qcluster", "-n", "sessions"),
        Q_CLUSTER_NAME="sessions",
        AUTOWRKERS_AGENT_SLOTS=str(slots),
        AUTOWRKERS_DRAIN_MINUTES=str(minutes),
    )


@pytest.fixture
def migrated_between():
    """`migrated_between()`: the tables become what they were one migration ago, and then again what they are."""

    def migrate():
        applied = MigrationRecorder(connection).applied_migrations()
        names = sorted(name for app, name in applied if app == "automation")
        call_command("migrate", "automation", names[-2], verbosity=0)
        assert ("automation", names[-1]) not in MigrationRecorder(connection).applied_migrations()
        call_command("migrate", verbosity=0)

    yield migrate
    call_command("migrate", verbosity=0)


@pytest.fixture
def session(tale, seconds):
    """Queued. Its agent commits one file, leaves another one, and does not hear SIGTERM."""
    half = [{"write": {"HALF": "a half\n"}}, {"commit": "A half"}, {"write": {"REST": "left lying\n"}}]
    tale.agent({"match": "median", "steps": [*half, {"run": DEAF.format(seconds=seconds)}]})
    tale.change(lint_command="", build_command="", verification_command="python3 -c 'import calc.averages'")
    number = tale.issue()
    tend(tale.project.pk)
    return tale.session(number)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.mark.services
@pytest.mark.broker
def test_run_hands_its_sessions_over_at_sigterm_and_the_next_worker_resumes_the_agent(
    tale, session, manage, seconds
):
    process = manage("run", "--port", str(free_port()))
    eventually(lambda: processes_with(f"sleep\0{seconds}"), seconds=60)
    asked = time.monotonic()
    process.send_signal(signal.SIGTERM)
    eventually(lambda: IssueSession.objects.filter(pk=session.pk, lease_until=None).exists(), seconds=15)
    assert time.monotonic() - asked < 15
    assert processes_with(str(seconds)) == []
    said, _ = process.communicate(timeout=40)
    assert process.returncode == 0, said
    name = f"{session.project.github_repo}#{session.github_issue_number}"
    assert f"Handed over to the next start: {name}" in said
    assert "Not handed over" not in said
    session.refresh_from_db()
    assert (session.lease_until, session.reason) == (None, "handed_over")
    first = session.attempt_rows.get()
    assert (first.outcome, first.counted) == ("handed_over", False)
    bare = tale.hub.repository("acme/calc").bare
    assert first.head_sha not in ("", session.base_sha)
    assert bare.branches() == {"main": session.base_sha}

    tale.agent({"match": "median", "steps": FIX})
    assert advance(session.pk)
    session.refresh_from_db()
    assert (session.status, session.attempts) == (Status.PR_CREATED, 0)
    second = session.attempt_rows.first()
    assert (second.kind, second.agent_session_id) == (Attempt.Kind.RESUME, first.agent_session_id)
    assert second.base_sha == first.head_sha
    changed = bare.git("diff", "--name-only", session.base_sha, session.head_sha).split()
    assert changed == ["HALF", "REST", "calc/averages.py"]


def test_minutes_to_drain_let_a_running_session_come_to_its_end_and_no_other_begin(tale, cluster, seconds):
    tale.agent({"match": "median", "steps": [*FIX, {"run": f"sleep 3.0{seconds}"}]})
    tale.change(lint_command="", build_command="", verification_command="true")
    tale.issue()
    tend(tale.project.pk)
    process = cluster(minutes=5)
    eventually(lambda: processes_with(f"sleep\x003.0{seconds}"), seconds=60)
    process.send_signal(signal.SIGTERM)
    late = tale.issue()
    tale.change(sync_requested_at="2026-01-01T00:00Z")
    tend(tale.project.pk)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert tale.session(late).status == "pending"
    others = tale.project.sessions.exclude(github_issue_number=late)
    assert [(session.status, session.attempts) for session in others] == [("pr_created", 0)]


def test_a_second_signal_does_not_wait_for_the_minutes_to_drain(session, cluster, seconds):
    process = cluster(minutes=5)
    eventually(lambda: processes_with(f"sleep\0{seconds}"), seconds=60)
    process.send_signal(signal.SIGTERM)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=1)
    assert processes_with(f"sleep\0{seconds}")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 0
    session.refresh_from_db()
    assert (session.lease_until, session.reason, session.attempts) == (None, "handed_over", 0)


def test_checks_that_are_cut_off_run_again_and_cost_no_attempt(tale, session, seconds):
    tale.agent({"match": "median", "steps": FIX})
    tale.change(verification_command=f"sleep {seconds}")

    def end():
        eventually(
            lambda: processes_with(f"sleep\0{seconds}") or processes_with(f"sleep {seconds}"), seconds=30
        )
        draining.begin(0)

    thread = threading.Thread(target=end)
    thread.start()
    try:
        assert advance(session.pk)
    finally:
        thread.join()
        draining.forget()
    assert processes_with(str(seconds)) == []
    session.refresh_from_db()
    assert (session.step, session.reason, session.lease_until) == ("verify", "handed_over", None)
    tale.change(verification_command="true")
    assert advance(session.pk)
    session.refresh_from_db()
    assert (session.status, session.attempts, session.attempt_rows.count()) == (Status.PR_CREATED, 0, 1)


def test_a_cluster_that_is_to_end_takes_no_session(session):
    draining.begin(600)
    try:
        assert advance(session.pk, handed_over=True) is False
    finally:
        draining.forget()
    fence = session.fence
    session.refresh_from_db()
    assert (session.fence, session.enqueued_at, session.status) == (fence, None, Status.PENDING)


def test_deploys_are_no_failures_of_the_agent(session):
    session.queued_at = session.created_at
    for _ in range(6):
        create_attempt(session, outcome="handed_over", round=session.round)
    assert not attempts.keeps_failing(session)


def test_ten_sessions_survive_a_deploy_with_a_migration_and_none_of_them_starts_from_zero(
    tale, session, cluster, migrated_between, settings, seconds
):
    settings.AUTOWRKERS_AGENT_SLOTS = TEN
    for _ in range(TEN - 1):
        tale.issue()
    tale.change(max_concurrent=TEN, verification_command="true", sync_requested_at="2026-01-01T00:00Z")
    tend(tale.project.pk)
    process = cluster(minutes=0, slots=TEN)
    eventually(lambda: len(processes_with(f"sleep\0{seconds}")) >= TEN, seconds=240)
    process.send_signal(signal.SIGTERM)
    asked = time.monotonic()
    said, _ = process.communicate(timeout=40)
    assert (process.returncode, "cluster_killed" in said) == (0, False), "all workers were at work"
    assert time.monotonic() - asked < draining.HAND_OVER_SECONDS
    assert processes_with(str(seconds)) == []
    assert set(IssueSession.objects.values_list("reason", "lease_until")) == {("handed_over", None)}

    migrated_between()
    tale.agent({"match": "", "steps": FIX})
    tale.change(retry_at=None)
    cluster(minutes=0, slots=TEN)
    eventually(lambda: any(each.slots for each in hosts.standings()), seconds=60)
    tend(tale.project.pk)
    resumed = Attempt.objects.filter(kind=Attempt.Kind.RESUME, outcome="done")
    eventually(lambda: resumed.count() == TEN, seconds=240)
    for each in IssueSession.objects.all():
        first, second = each.attempt_rows.order_by("number")
        assert (first.outcome, first.counted, each.attempts) == ("handed_over", False, 0)
        assert first.head_sha not in ("", each.base_sha)
        assert (second.base_sha, second.agent_session_id) == (first.head_sha, first.agent_session_id)
