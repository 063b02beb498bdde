"""While an agent or a check runs, its session tells when it last printed something."""

from __future__ import annotations

import threading
import time
from itertools import pairwise

import pytest
from django.db import connection

from automation.holding import Heartbeat
from issues.models import IssueSession
from tests.flows.conftest import CHECK

pytestmark = pytest.mark.django_db(transaction=True)
PRINTS = [{"run": "sleep 0.3"} for _ in range(6)]
FIX = [{"write": {"NOTES": "fixed\n"}}, {"commit": "Fix it"}]


@pytest.fixture
def watched(monkeypatch):
    """Every moment that was told, by step."""
    monkeypatch.setitem(Heartbeat.__init__.__kwdefaults__, "renew_seconds", 0.1)
    told, ended = {"work": set(), "verify": set()}, threading.Event()

    def look():
        while not ended.wait(0.1):
            for step, moment in IssueSession.objects.values_list("step", "heard_at"):
                told.setdefault(step, set()).add(moment)
        connection.close()

    thread = threading.Thread(target=look)
    thread.start()
    yield told
    ended.set()
    thread.join()


def test_what_runs_is_heard_again_and_again_and_a_silent_one_is_not(plain, watched):
    plain.agent({"steps": [*PRINTS, *FIX]})
    plain.change(
        verification_command=f"for i in 1 2 3 4 5; do echo $i; sleep 0.3; done; {CHECK}",
        lint_command="sleep 2",
    )
    number = plain.issue()
    began = time.monotonic()
    plain.run()
    session = plain.session(number)
    assert session.status == "pr_created", (session.last_error, time.monotonic() - began)
    assert len(watched["work"]) >= 4
    assert len(watched["verify"]) >= 4
    moments = sorted(moment for moment in watched["verify"] if moment)
    longest = max((later - earlier).total_seconds() for earlier, later in pairwise(moments))
    assert longest > 1.5  # the silent check
