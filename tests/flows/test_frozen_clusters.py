"""A real cluster whose next reader is killed while it waits: its messages are taken again, and nothing is left over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from automation import hosts
from automation.models import Alert, Host
from automation.queue import enqueue_tend
from projects.models import Project
from tests.factories import create_project
from tests.flows.workers import ROOT, eventually, product_environment

pytestmark = pytest.mark.django_db(transaction=True)
QUICK = (
    "from automation import alerts, clusters; alerts.SETTLED_SECONDS = 1.0; "
    "clusters.FREED_AFTER_SECONDS = 1.0; clusters.SILENT_AFTER_SECONDS = 3.0; "
)
CLUSTER = (
    QUICK + "import sys; from django.core.management import execute_from_command_line as run; run(sys.argv)"
)


@pytest.fixture
def cluster(settings):
    process = subprocess.Popen(
        [sys.executable, "-c", "import django; django.setup(); " + CLUSTER, "qcluster"],
        cwd=ROOT,
        env=product_environment(settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        process_group=0,
    )
    yield process
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def children(pid):
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_there(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def answers(project):
    """Whether a message is taken: it makes the project tended."""
    before = timezone.now()
    Project.objects.filter(pk=project.pk).update(retry_at=None)
    enqueue_tend(project.pk)
    return lambda: Project.objects.filter(pk=project.pk, last_tended_at__gt=before).exists()


@pytest.fixture
def project():
    return create_project(auto_sync=False)


@pytest.fixture
def guard(cluster, project):
    """The process that watches over the workers of a cluster that works."""
    eventually(answers(project), seconds=90)
    return children(cluster.pid)[0]


def readers(guard):
    """Of the two workers that wait, only the one that holds the queue's lock is in a read (system call 0)."""
    return [pid for pid in children(guard)[:2] if Path(f"/proc/{pid}/syscall").read_text().startswith("0 ")]


@pytest.mark.broker
def test_a_cluster_whose_next_reader_was_killed_takes_messages_again(guard, project):
    before = children(guard)
    eventually(lambda: len(readers(guard)) == 1)
    os.kill(readers(guard)[0], signal.SIGKILL)
    eventually(lambda: len(set(children(guard)) - set(before)) == 1)
    assert eventually(answers(project), seconds=20) > 0.9, "it was not the one that held the lock"
    eventually(answers(project), seconds=20)


@pytest.mark.broker
def test_a_reader_that_was_stopped_and_goes_on_spoils_no_message(guard, project):
    eventually(lambda: len(readers(guard)) == 1)
    stopped = readers(guard)[0]
    os.kill(stopped, signal.SIGSTOP)
    eventually(answers(project), seconds=30)
    with suppress(ProcessLookupError):
        os.kill(stopped, signal.SIGCONT)
    for _ in range(3):
        eventually(answers(project), seconds=20)


def test_nothing_of_a_cluster_outlives_its_first_process_or_its_guard(cluster, guard):
    below = [guard, *children(guard)]
    os.kill(cluster.pid, signal.SIGKILL)
    eventually(lambda: not any(is_there(pid) for pid in below))


def test_a_cluster_whose_guard_was_killed_ends_with_an_error_and_so_can_be_started_again(cluster, guard):
    below = children(guard)
    os.kill(guard, signal.SIGKILL)
    assert cluster.wait(timeout=20) == 1
    assert not any(is_there(pid) for pid in below)


def test_a_cluster_whose_guard_has_gone_silent_ends_with_an_error(cluster, guard):
    os.kill(guard, signal.SIGSTOP)
    assert cluster.wait(timeout=60) == 1


def test_a_cluster_beats_for_its_host_and_says_when_it_leaves(cluster, guard):
    eventually(hosts.standings, seconds=10)  # messages may be taken before the first beat
    (host,) = hosts.standings()
    assert host.lives(hosts.QUEUE)
    assert host.row.started_at is not None
    cluster.terminate()
    assert cluster.wait(timeout=30) == 0
    (host,) = hosts.standings()
    assert (host.is_alive, host.dead_parts) == (False, [])


def test_a_clock_that_died_is_told_by_a_cluster_that_lives(cluster, guard):
    hosts.beat(hosts.CLOCK)
    Host.objects.update(clock_seen_at=timezone.now() - timedelta(minutes=2))
    eventually(lambda: Alert.objects.filter(kind=Alert.Kind.CLOCK, ended_at=None).exists(), seconds=40)
