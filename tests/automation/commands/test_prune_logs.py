"""prune_logs: transcripts of sessions that ended long ago go; all others stay."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from issues.models import Attempt
from issues.states import Status
from tests.automation.commands.calling import run_command
from tests.factories import create_attempt, create_session

pytestmark = pytest.mark.django_db


@pytest.fixture
def logs(settings, tmp_path):
    settings.AUTOWRKERS_LOG_ROOT = tmp_path
    return tmp_path


def transcript(status, *, days, parts=("",)):
    ended = timezone.now() - timedelta(days=days)
    attempt = create_attempt(create_session(status=status), outcome="done", ended_at=ended)
    for part in parts:
        path = attempt.transcript_path
        path.with_name(path.name + part).write_text("x" * 100)
    return attempt.transcript_path


def test_only_old_transcripts_of_ended_sessions_go(logs):
    old = transcript(Status.COMPLETED, days=40, parts=("", ".newer"))
    kept = [transcript(Status.COMPLETED, days=20), transcript(Status.NEEDS_REVIEW, days=40)]
    ran = run_command("prune_logs", "--older-than", "30", "--yes", "--json")
    assert (ran.code, ran.data) == (0, {"files": 2, "bytes": 200, "dry_run": False, "removed": 2})
    assert sorted(logs.iterdir()) == sorted(kept)
    assert not old.exists()
    assert Attempt.objects.count() == 3


def test_a_dry_run_counts_only(logs):
    old = transcript(Status.FAILED, days=40)
    ran = run_command("prune_logs", "--older-than", "30", "--dry-run")
    assert (ran.code, ran.out) == (0, "1 file(s), 0.0 MiB to remove.\n")
    assert old.exists()


def test_it_asks_nobody_where_no_terminal_is_and_removes_nothing(logs):
    old = transcript(Status.FAILED, days=40)
    ran = run_command("prune_logs", "--older-than", "30")
    assert ran.code == 1
    assert "--yes" in ran.err
    assert old.exists()


@pytest.mark.parametrize("days", ["0", "-1"])
def test_less_than_a_day_is_a_usage_error(logs, days):
    old = transcript(Status.FAILED, days=40)
    assert run_command("prune_logs", f"--older-than={days}", "--yes").code == 2
    assert old.exists()


def test_with_nothing_old_there_is_nothing_to_confirm(logs):
    assert run_command("prune_logs", "--older-than", "30").code == 0
