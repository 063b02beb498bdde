"""The heartbeat: by hand, as a process, and when the database is away."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import OperationalError, connection
from django.utils import timezone
from django_q.models import OrmQ, Schedule

from automation import hosts, queue, schedules
from automation.management.commands.clock import beat
from automation.models import Alert, Host
from projects.models import Credential
from tests.automation.commands.calling import run_command
from tests.factories import create_credential, create_project
from tests.flows.workers import eventually, product_environment

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.django_db
def test_the_schedule_exists_once_however_often_it_is_ensured():
    schedules.ensure()
    schedules.ensure()
    schedule = Schedule.objects.get()
    assert (schedule.func, schedule.schedule_type, schedule.minutes) == (queue.TICK, Schedule.MINUTES, 1)
    assert (schedule.repeats, schedule.cluster) == (-1, None)


@pytest.mark.django_db
def test_a_schedule_that_somebody_switched_off_runs_again():
    schedules.ensure()
    Schedule.objects.update(repeats=0, schedule_type=Schedule.YEARLY)
    schedules.ensure()
    schedule = Schedule.objects.get()
    assert (schedule.repeats, schedule.schedule_type) == (-1, Schedule.MINUTES)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(bool(settings.QUEUE_BROKER_URL), reason="reads the queue's table")
def test_tick_asks_the_queue_to_look_after_each_project():
    create_project()
    create_project()
    assert run_command("tick", "--json").data == {"projects": 2, "queue_is_served": True}
    assert OrmQ.objects.count() == 2
    hosts.beat(hosts.CLOCK)
    assert "start one" in run_command("tick").out


@pytest.mark.django_db(transaction=True)
def test_a_beat_without_a_database_is_logged_and_survived(caplog):
    def no_database(execute, sql, params, many, context):
        raise OperationalError("database is locked")

    with caplog.at_level(logging.WARNING), connection.execute_wrapper(no_database):
        assert beat(is_scheduled=True) is False
    assert "database is locked" in caplog.text


@pytest.fixture
def broken_inbox():
    """Each tick fails: its last act is to prune the deliveries."""

    def refuse(execute, sql, params, many, context):
        if "automation_webhookdelivery" in sql:
            raise ValueError("an odd row")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse):
        yield


@pytest.mark.django_db(transaction=True)
def test_a_tick_that_fails_is_logged_with_its_trace_and_keeps_nothing_else_from_its_turn(
    broken_inbox, caplog
):
    refused = create_credential()
    Credential.objects.update(error_code="github.bad_token")
    create_project(credential=refused)
    Host.objects.create(name="forgotten", sessions_seen_at=timezone.now() - timedelta(days=8))
    assert beat(is_scheduled=False, looks=True) is True
    assert "clock=tick outcome=internal_error" in caplog.text
    assert "Traceback" in caplog.text
    assert Alert.objects.filter(subject=f"credential {refused.pk}").exists()
    assert (Schedule.objects.count(), Host.objects.filter(name="forgotten").exists()) == (1, False)


@pytest.mark.django_db(transaction=True)
def test_a_clock_whose_ticks_always_fail_shows_as_one_that_does_not_run(broken_inbox, client):
    for part in hosts.PARTS:
        hosts.beat(part)
    Host.objects.update(clock_seen_at=timezone.now() - timedelta(minutes=2))
    for _ in range(3):
        beat(is_scheduled=True, looks=True)
    assert client.get("/readyz").json()["degraded"] == ["clock"]
    assert Alert.objects.get(ended_at=None).kind == Alert.Kind.CLOCK


@pytest.mark.django_db(transaction=True)
def test_a_good_beat_tells_that_the_clock_lives(client):
    beat(is_scheduled=True)
    assert client.get("/readyz").json()["degraded"] == ["sessions", "queue"]


@pytest.mark.django_db(transaction=True)
def test_the_first_good_beat_brings_the_schedule():
    assert beat(is_scheduled=False) is True
    assert Schedule.objects.count() == 1


@pytest.mark.parametrize("interval", ["0", "-3", "soon", "nan", "inf"])
def test_an_interval_that_is_none_is_a_usage_error(interval):
    assert run_command("clock", f"--interval={interval}").code != 0


def test_the_clock_waits_for_its_database_and_ends_on_sigterm(tmp_path):
    env = os.environ | {"DATABASE_URL": f"sqlite:///{tmp_path}/clock.sqlite3", "PYTHONUNBUFFERED": "1"}
    env |= {"DJANGO_SETTINGS_MODULE": "config.settings"}
    argv = (sys.executable, "manage.py", "clock", "--interval", "0.2", "--json", "--skip-checks")
    clock = subprocess.Popen(
        argv, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        said = [clock.stderr.readline() for _ in range(2)]
        began = time.monotonic()
        clock.send_signal(signal.SIGTERM)
        out, err = clock.communicate(timeout=20)
    finally:
        clock.kill()
    assert all("no such table" in line for line in said)
    assert clock.returncode == 0
    assert time.monotonic() - began < 10
    assert '"ok": true' in out
    assert "Traceback" not in err


@pytest.mark.django_db(transaction=True)
def test_a_clock_that_is_told_to_end_takes_its_leave(settings):
    clock = subprocess.Popen(
        (sys.executable, "manage.py", "clock", "--interval", "0.2", "--skip-checks"),
        cwd=ROOT,
        env=product_environment(settings),
    )
    try:
        eventually(lambda: Host.objects.filter(clock_seen_at__isnull=False).exists(), seconds=60)
        clock.send_signal(signal.SIGTERM)
        assert clock.wait(timeout=20) == 0
    finally:
        clock.kill()
    assert not Host.objects.filter(clock_seen_at__isnull=False).exists()
