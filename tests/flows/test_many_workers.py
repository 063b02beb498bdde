"""Many workers on one session, and one that slept too long: one of them acts, the late one does nothing outside."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
from datetime import timedelta

import pytest
from django.db.models import F

from automation.pipeline import advance
from automation.tend import tend
from issues.models import IssueSession
from issues.states import Status
from tests.flows.conftest import FIX
from tests.flows.workers import ROOT, eventually, processes_with, product_environment, start_worker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]
WORKERS = 20
CHANGES = ("POST", "PATCH", "PUT", "DELETE")
# By which question a worker shows that it has come there; none is asked while the agent runs.
MOMENTS = {
    "its agent runs": "$never",
    "its branch is pushed": r"/pulls$",
    "its comment is looked for": r"/comments$",
}
# All are forked before any begins, which they do when the last of them has closed the gate.
AT_ONCE = """
import django; django.setup()
import os
from automation.pipeline import advance
opens, gate = os.pipe()
pids = []
for _ in range({workers}):
    pid = os.fork()
    if not pid:
        os.close(gate)
        os.read(opens, 1)
        os._exit(10 if advance({pk}) else 11)
    pids.append(pid)
os.close(gate)
print(*(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids))
"""


@pytest.fixture
def queued(plain):
    number = plain.issue()
    tend(plain.project.pk)
    return plain.session(number)


def test_of_twenty_workers_given_the_same_session_one_works_and_all_others_return(plain, queued, settings):
    script = AT_ONCE.format(workers=WORKERS, pk=queued.pk)
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=product_environment(settings),
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    codes = done.stdout.split()[-WORKERS:]
    assert sorted(codes) == ["10"] + ["11"] * (WORKERS - 1), done.stdout + done.stderr
    number = queued.github_issue_number
    session = plain.session(number)
    assert (session.status, session.attempts, session.attempt_rows.count()) == (Status.PR_CREATED, 0, 1)
    assert plain.reasons(number).count("claimed") == 1
    assert plain.footprint([number]) == ([f"feature/issue-{number}", "main"], 1, [1])


class Held:
    """The first answer to such a question is made, and reaches its asker only when it is let go: stale by then."""

    def __init__(self, hub, path):
        self.path, self.is_made, self.is_free = re.compile(path), threading.Event(), threading.Event()
        self._server, self._answer = hub._server, hub._server.answer
        self._server.answer = self.answer

    def answer(self, request):
        reply = self._answer(request)
        if request.method == "GET" and self.path.search(request.path) and not self.is_made.is_set():
            self.is_made.set()
            self.is_free.wait(60)
        return reply


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_worker_that_is_stopped_for_ten_minutes_and_goes_on_does_nothing_outside(
    plain, queued, settings, seconds, moment
):
    if moment == "its agent runs":
        plain.agent({"steps": [{"run": f"sleep {seconds}"}, *FIX]})
    held = Held(plain.hub, MOMENTS[moment])
    worker = start_worker(queued.pk, settings)
    eventually(
        lambda: worker.poll() is not None or held.is_made.is_set() or processes_with(f"sleep\0{seconds}")
    )
    assert worker.poll() is None, worker.stdout.read()
    worker.send_signal(signal.SIGSTOP)
    try:
        plain.agent({"steps": FIX})
        IssueSession.objects.update(lease_until=F("lease_until") - timedelta(minutes=10))
        assert advance(queued.pk), "another one takes the session over"
        number, asked = queued.github_issue_number, len(plain.hub.requests)
    finally:
        held.is_free.set()
        worker.send_signal(signal.SIGCONT)
    worker.communicate(timeout=40)
    late = [seen for seen in plain.hub.requests[asked:] if seen.method in CHANGES]
    assert [f"{seen.method} {seen.path}" for seen in late] == []
    session = plain.session(number)
    assert (session.status, session.attempts) == (Status.PR_CREATED, 0)
    assert plain.footprint([number]) == ([f"feature/issue-{number}", "main"], 1, [1])
    assert processes_with(str(seconds)) == []
