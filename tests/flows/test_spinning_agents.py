"""An agent that takes every processor and much memory: its worker keeps the lease, and the web server answers."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from itertools import pairwise

import pytest
from django.utils import timezone

from automation.tend import tend
from issues.models import Attempt, IssueSession
from projects import leases
from tests.flows.workers import ROOT, eventually, processes_with, product_environment, start_worker

pytestmark = pytest.mark.django_db(transaction=True)
WATCHED_SECONDS = 11.0
LONGEST_GAP = 20.0  # of the 45 s that a lease lasts
CORES = len(os.sched_getaffinity(0))
GREEDY = """python3 -c 'import os
for _ in range({spinning}):
  if os.fork() == 0:
    while True: pass
held = [bytearray(2**20) for _ in range(150)]
while not os.path.exists("GO"): sum(range(10**5))
while True: held.append(bytearray(2**24))  # {mark}'
"""


@pytest.fixture
def web(plain, settings):
    """The address of the product's web server, as `manage.py run` starts it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        line = ("gunicorn", "config.wsgi", "--bind", f"fd://{listening.fileno()}", "--threads", "8")
        server = subprocess.Popen(
            [sys.executable, "-m", *line, "--worker-class", "gthread", "--no-control-socket"],
            cwd=ROOT,
            env=product_environment(settings),
            pass_fds=[listening.fileno()],
            stderr=subprocess.DEVNULL,
        )
        address = f"http://127.0.0.1:{listening.getsockname()[1]}/healthz"
        yield address
        server.kill()
        server.wait()


def ask(address):
    """The status and how long it took."""
    began = time.monotonic()
    with urllib.request.urlopen(address, timeout=10) as answer:
        return answer.status, time.monotonic() - began


def test_lease_and_web_go_on_while_an_agent_spins_and_only_the_agent_dies_of_its_greed(
    plain, web, settings, monkeypatch
):
    monkeypatch.setenv("AUTOWRKERS_AGENT_MEMORY_MB", "300")
    mark = f"1{uuid.uuid4().int % 10**12:012}"
    plain.agent({"steps": [{"run": GREEDY.format(spinning=2 * CORES, mark=mark)}]})
    number = plain.issue()
    tend(plain.project.pk)
    ask(web)  # it has come up
    worker = start_worker(plain.session(number).pk, settings)
    try:
        eventually(lambda: len(processes_with(mark)) > 2 * CORES, seconds=40)
        ends, answers = _watch(web)
        gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(ends)]
        assert len(gaps) >= 2, "renewed too seldom"
        assert max(gaps) < LONGEST_GAP
        assert {status for status, _ in answers} == {200}
        assert max(seconds for _, seconds in answers) < 5
        assert len(processes_with(mark)) > 2 * CORES  # all the while
        next(settings.AUTOWRKERS_WORKSPACE_ROOT.glob("clones/*")).joinpath("GO").touch()
        eventually(lambda: Attempt.objects.filter(outcome="memory").exists(), seconds=20)
        assert worker.poll() is None  # it goes on with the next attempt
    finally:
        worker.kill()
        worker.communicate()
    eventually(lambda: not processes_with(mark), seconds=10)


def _watch(web):
    """Each end of the lease that was seen, and what the web server answered meanwhile."""
    ends, answers = set(), []
    until = time.monotonic() + WATCHED_SECONDS
    while time.monotonic() < until:
        ends |= set(IssueSession.objects.filter(leases.live()).values_list("lease_until", flat=True))
        answers.append(ask(web))
        time.sleep(0.3)
    renewed = max(ends) - leases.DURATION
    assert (timezone.now() - renewed).total_seconds() < LONGEST_GAP
    return sorted(ends), answers
