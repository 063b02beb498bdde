"""recover_sessions: what stands still is named, and taken up again only with --apply."""

from __future__ import annotations

import subprocess
from datetime import timedelta

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from automation.models import Effect
from issues.models import Attempt, IssueSession
from issues.states import Status
from projects import leases
from projects.workspace.processes import identify, is_alive
from tests.automation.commands.calling import run_command
from tests.factories import create_attempt, create_session

pytestmark = pytest.mark.django_db(transaction=True)
LONG_AGO = timedelta(hours=1)


def lapsed(**values):
    """A session whose worker died with its lease."""
    session = create_session(status=Status.IN_PROGRESS, queued_at=timezone.now(), **values)
    leases.claim(IssueSession, session.pk)
    IssueSession.objects.filter(pk=session.pk).update(lease_until=timezone.now() - LONG_AGO)
    return session


def kinds(*arguments):
    return [found["kind"] for found in run_command("recover_sessions", *arguments, "--json").data["findings"]]


def test_with_nothing_wrong_it_says_so():
    session = create_session(status=Status.IN_PROGRESS, queued_at=timezone.now())
    leases.claim(IssueSession, session.pk)
    create_attempt(session)
    ran = run_command("recover_sessions")
    assert (ran.code, ran.out) == (0, "No session stands still.\n")


def test_without_apply_nothing_changes():
    session = lapsed()
    create_attempt(session)
    before = IssueSession.objects.values().get(pk=session.pk)
    ran = run_command("recover_sessions")
    assert ran.code == 0
    assert "With --apply: End what is left of it" in ran.out
    assert "Nothing was changed" in ran.out
    assert IssueSession.objects.values().get(pk=session.pk) == before
    assert Attempt.objects.get().outcome == ""
    assert not OrmQ.objects.exists()


def test_a_dead_workers_agent_is_ended_and_the_session_is_free_for_the_next():
    session = lapsed()
    agent = subprocess.Popen(["sleep", "300"])
    identity = identify(agent.pid)
    create_attempt(session, host=identity.host, pid=identity.pid, pid_started=identity.started)
    try:
        assert f"agent {agent.pid} is still alive" in run_command("recover_sessions").out
        ran = run_command("recover_sessions", "--apply", "--json")
        agent.wait(timeout=10)
    finally:
        agent.kill()
    assert (ran.code, ran.data["findings"][0]["result"]) == (0, "done")
    assert not is_alive(identity)
    assert Attempt.objects.get().outcome == "worker_lost"
    session.refresh_from_db()
    assert (session.status, session.lease_until) == (Status.IN_PROGRESS, None)
    assert session in IssueSession.objects.due(timezone.now())
    assert OrmQ.objects.exists()
    assert kinds() == []


def test_an_attempt_without_an_end_on_a_free_session_is_noted_as_lost():
    session = create_session(status=Status.IN_PROGRESS, queued_at=timezone.now())
    create_attempt(session)
    assert kinds("--apply") == ["attempt"]
    assert Attempt.objects.get().outcome == "worker_lost"


def test_a_request_that_nobody_carried_out_is_carried_out():
    session = create_session(status=Status.IN_PROGRESS, requested_verb="stop", requested_by="ann")
    assert "ann asked to stop it" in run_command("recover_sessions").out
    assert kinds("--apply") == ["request"]
    session.refresh_from_db()
    assert (session.status, session.reason, session.requested_verb) == (Status.NEEDS_REVIEW, "stopped", "")
    assert session.events.get().actor == "ann"


def test_a_lost_message_of_the_queue_is_found_and_a_fresh_one_is_not():
    create_session(queued_at=timezone.now(), enqueued_at=timezone.now())
    old = create_session(queued_at=timezone.now(), enqueued_at=timezone.now() - LONG_AGO)
    ran = run_command("recover_sessions", "--json")
    assert [(found["session"]["id"], found["kind"]) for found in ran.data["findings"]] == [
        (old.pk, "enqueued")
    ]


def test_an_effect_of_unknown_outcome_is_named_in_its_own_round_only():
    session = create_session(status=Status.FAILED, round=2)
    for number in (1, 2):
        Effect.objects.create(issue_session=session, round=number, kind="comment_failed")
    Effect.objects.update(created_at=timezone.now() - LONG_AGO)
    ran = run_command("recover_sessions", "--json")
    assert [found["kind"] for found in ran.data["findings"]] == ["effect"]
    assert "Comment: failed was begun" in ran.data["findings"][0]["message"]


def test_only_the_named_sessions_are_looked_at():
    first, second = lapsed(), lapsed()
    ran = run_command("recover_sessions", second.pk, "--apply", "--json")
    assert [found["session"]["id"] for found in ran.data["findings"]] == [second.pk]
    first.refresh_from_db()
    assert first.lease_until is not None


def test_a_session_that_nobody_knows_is_an_error():
    ran = run_command("recover_sessions", "999999", "--json")
    assert (ran.code, ran.answer["errors"][0]["code"]) == (1, "session.unknown")
