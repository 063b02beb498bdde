"""What is repaired on this host without GitHub: requests, processes, folders, kept commits; nobody else is harmed."""

from __future__ import annotations

import os
import subprocess
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from automation import hosts
from automation.reconcile import applying, snapshot
from automation.reconcile.applying import reconcile
from automation.reconcile.decisions import LostIssue, RemoteFacts, decide
from automation.tend import tend
from automation.tick import tick
from issues import verbs
from issues.models import IssueSession
from issues.states import Status
from projects import leases
from projects.models import Project
from projects.workspace import folders
from projects.workspace.kept import sessions_kept
from projects.workspace.processes import identify
from tests.factories import create_attempt, create_project, create_session
from tests.linking import link

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def project(settings, tmp_path):
    settings.AUTOWRKERS_WORKSPACE_ROOT = tmp_path / "workspace"
    return create_project()


@pytest.fixture
def sleeper():
    """A process such as an agent of a worker that is gone."""
    process = subprocess.Popen(["sleep", "600"], start_new_session=True)
    yield process
    process.kill()
    process.wait()


def repair(project):
    project.refresh_from_db()
    return reconcile(project, timezone.now(), lambda: True)


def make(path):
    path.mkdir(parents=True)
    (path / "file").write_text("x")
    return path


def left_running(session, process):
    identity = identify(process.pid)
    return create_attempt(session, host=identity.host, pid=identity.pid, pid_started=identity.started)


def lapse(session):
    leases.claim(IssueSession, session.pk)
    IssueSession.objects.filter(pk=session.pk).update(lease_until=timezone.now() - timedelta(minutes=1))


def test_what_an_ended_session_left_is_removed_and_its_commits_are_released(project):
    session = create_session(project=project, status=Status.COMPLETED)
    left = [make(folders.clone_path(session.pk, 1)), make(folders.home_path(session.pk))]
    repair(project)
    assert not any(path.exists() for path in left)


def test_kept_commits_of_an_ended_session_are_released_when_its_folders_are_long_gone(project, tmp_path):
    ended, going = (create_session(project=project, status=status) for status in ("skipped", "pr_created"))
    work = make(tmp_path / "work")
    line = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run([*line, "init", "-q", str(work)], check=True)
    subprocess.run([*line, "-C", str(work), "add", "."], check=True)
    subprocess.run([*line, "-C", str(work), "commit", "-qm", "x"], check=True)
    subprocess.run(["git", "clone", "-q", "--bare", str(work), str(project.mirror_path)], check=True)
    mirror = snapshot.mirror_of(project)
    sha = mirror.git.run("rev-parse", "HEAD").strip()
    for session in (ended, going):
        mirror.keep(session.pk, sha)
    mirror.git.run("pack-refs", "--all")
    mirror.keep(going.pk, sha)
    assert sessions_kept(project.mirror_path) == {ended.pk, going.pk}
    repair(project)
    assert sessions_kept(project.mirror_path) == {going.pk}


def test_of_a_session_that_may_go_on_only_older_clones_and_checkouts_go(project):
    session = create_session(project=project, status=Status.NEEDS_REVIEW, fence=7)
    old, newest = make(folders.clone_path(session.pk, 3)), make(folders.clone_path(session.pk, 5))
    check, home = make(folders.check_path(session.pk, 5)), make(folders.home_path(session.pk))
    repair(project)
    assert [path.exists() for path in (old, newest, check, home)] == [False, True, False, True]


@pytest.mark.services
def test_folders_of_a_session_that_somebody_holds_or_that_another_project_has_are_not_touched(project):
    held, foreign = create_session(project=project, status=Status.FAILED), create_session(status="completed")
    kept = [make(folders.clone_path(held.pk, 1)), make(folders.clone_path(foreign.pk, 1))]
    unknown = make(folders.clone_path(10**6, 1))
    assert leases.claim(IssueSession, held.pk)
    repair(project)
    assert all(path.exists() for path in [*kept, unknown])


@pytest.mark.services
def test_a_session_that_was_taken_up_after_it_was_read_loses_nothing(project):
    session = create_session(project=project, status=Status.FAILED)
    clone = make(folders.clone_path(session.pk, 1))
    [decision] = decide(snapshot.take(project, timezone.now()))
    leases.release(leases.claim(IssueSession, session.pk))
    assert applying._apply(project, decision) is False
    assert clone.exists()


@pytest.mark.services
@pytest.mark.parametrize("status", [Status.COMPLETED, Status.NEEDS_REVIEW])
def test_the_agent_of_a_lost_worker_is_ended_before_its_clone_goes(project, sleeper, status):
    session = create_session(project=project, status=status)
    attempt = left_running(session, sleeper)
    lapse(session)
    clone = make(folders.clone_path(session.pk, 1))
    repair(project)
    assert sleeper.wait(timeout=5) < 0
    assert clone.exists(), "not in the same round"
    attempt.refresh_from_db()
    assert attempt.outcome == ("worker_lost" if status == Status.COMPLETED else "")
    repair(project)
    assert clone.exists() == (status == Status.NEEDS_REVIEW), "who takes it over decides about its clone"


def test_the_agent_of_a_session_that_is_held_lives_on(project, sleeper):
    session = create_session(project=project, status=Status.IN_PROGRESS)
    left_running(session, sleeper)
    leases.claim(IssueSession, session.pk)
    repair(project)
    assert sleeper.poll() is None


def test_another_process_with_the_same_number_and_one_of_another_host_are_left_alone(project, sleeper):
    session = create_session(project=project, status=Status.COMPLETED)
    reused = left_running(session, sleeper)
    reused.pid_started = f"{reused.pid_started}9"
    reused.save()
    elsewhere = create_attempt(session, host="elsewhere", pid=os.getpid(), pid_started="x")
    repair(project)
    assert sleeper.poll() is None
    reused.refresh_from_db()
    elsewhere.refresh_from_db()
    assert (reused.outcome, elsewhere.outcome) == ("worker_lost", "")


@pytest.mark.services
def test_a_request_that_no_worker_carried_out_is_carried_out(project):
    session = create_session(project=project, status=Status.IN_PROGRESS)
    lease = leases.claim(IssueSession, session.pk)
    assert verbs.stop(session, actor="ann") == verbs.RECORDED
    repair(project)
    session.refresh_from_db()
    assert session.status == Status.IN_PROGRESS
    leases.release(lease)
    repair(project)
    session.refresh_from_db()
    assert (session.status, session.reason, session.events.first().actor) == (
        "needs_review",
        "stopped",
        "ann",
    )


def test_a_project_without_a_token_is_repaired_as_well(project, settings):
    session = create_session(
        project=project, status=Status.IN_PROGRESS, requested_verb="skip", requested_by="ann"
    )
    tend(project.pk)
    session.refresh_from_db()
    project.refresh_from_db()
    assert (session.status, project.error_code) == ("skipped", "credential.missing")


def test_a_project_that_rests_after_trouble_is_repaired_as_well(project):
    session = create_session(
        project=project, status=Status.IN_PROGRESS, requested_verb="skip", requested_by="ann"
    )
    Project.objects.update(retry_at=timezone.now() + timedelta(hours=1))
    assert tick() == 0
    session.refresh_from_db()
    assert session.status == Status.SKIPPED


def test_while_no_worker_serves_the_queue_every_free_project_is_repaired(project):
    hosts.beat(hosts.CLOCK)
    session = create_session(
        project=project, status=Status.IN_PROGRESS, requested_verb="skip", requested_by="ann"
    )
    asked_at = timezone.now() - timedelta(hours=1)
    Project.objects.update(tend_enqueued_at=asked_at)
    lease = leases.claim(Project, project.pk)
    tick()
    session.refresh_from_db()
    assert session.status == Status.IN_PROGRESS, "somebody tends it"
    leases.release(lease)
    tick()
    session.refresh_from_db()
    assert session.status == Status.SKIPPED


def test_no_query_of_a_snapshot_reads_all_sessions_of_a_project(project):
    with CaptureQueriesContext(connection) as captured:
        snapshot.take(project, timezone.now(), RemoteFacts("main", lost=(LostIssue(7, "x", "y"),)))
    [query] = captured
    if connection.vendor != "sqlite":
        return  # its planner looks at how many rows there are
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {query['sql']}")
        plan = [row[3] for row in cursor.fetchall()]
    assert any("session_asked_for" in step for step in plan)
    assert not [step for step in plan if step.startswith("SCAN") and "SUBQUERY" not in step]
    assert not [step for step in plan if step.endswith("(project_id=?)") and "session_asked_for" not in step]


@pytest.mark.parametrize("many", [0, 1000])
def test_an_idle_project_costs_eighteen_queries_and_no_request_however_many_sessions_it_has(
    hub, settings, token, tmp_path, many
):
    settings.AUTOWRKERS_WORKSPACE_ROOT = tmp_path / "workspace"
    project = link(hub, settings, token, automation_enabled=True, workspace_measured_at=timezone.now())
    IssueSession.objects.bulk_create(
        IssueSession(project=project, github_issue_number=number, status="completed")
        for number in range(1, many + 1)
    )
    tend(project.pk)
    asked = len(hub.requests)
    with CaptureQueriesContext(connection) as captured:
        tend(project.pk)
    assert len(captured) <= 18, "\n".join(query["sql"][:150] for query in captured)
    assert len(hub.requests) == asked
