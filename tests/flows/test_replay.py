"""recover_sessions --explain: what happened to a session in order, where it goes on, and that it then does so."""

from __future__ import annotations

import signal
import uuid
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from automation.demo.github import Fault
from automation.pipeline import advance
from automation.tend import tend
from issues.models import IssueSession
from issues.states import Status
from tests.automation.commands.calling import run_command
from tests.flows.workers import end_lease, eventually, processes_with, start_worker

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def killed_when(plain, settings):
    """`killed_when(condition)`: a worker is killed as soon as the condition holds; answers the session."""

    def kill(condition):
        number = plain.issue()
        tend(plain.project.pk)
        session = plain.session(number)
        worker = start_worker(session.pk, settings)
        eventually(lambda: condition() or worker.poll() is not None, seconds=40)
        worker.send_signal(signal.SIGKILL)
        worker.communicate()
        session.refresh_from_db()
        return session

    return kill


def explain(session):
    return run_command("recover_sessions", str(session.pk), "--explain", "--json").data["sessions"][0]


def test_killed_while_a_pull_request_is_opened_it_tells_what_is_looked_up_and_goes_on_there(
    plain, killed_when
):
    plain.hub.faults.append(Fault("delay", method="POST", path=r"/pulls$", seconds=2))
    session = killed_when(lambda: not plain.hub.faults[0].times)
    told = explain(session)
    then = told["resumption"]
    assert (then["step"], then["head_sha"], then["base_sha"]) == (
        "publish",
        session.head_sha,
        session.base_sha,
    )
    assert [word.partition(",")[0] for word in then["looked_up"]] == ["Pull request"]
    assert then["resumes_attempt"] is None
    what = [line["what"] for line in told["story"]]
    begun = f"Attempt 1 (first) with scripted begins on {session.base_sha[:10]} as process"
    [place] = [number for number, line in enumerate(what) if line.startswith(begun)]
    assert place < what.index("Attempt 1 ends: done (not counted), left " + session.head_sha[:10])
    assert what.index("Push of round 1: done") == len(what) - 2
    assert what[-1] == "Pull request of round 1: begun, outcome not known"
    said = run_command("recover_sessions", str(session.pk), "--explain").out
    assert f"It goes on with the step publish with {session.head_sha[:10]}" in said
    assert "Looked up on GitHub before it is tried again: Pull request, begun" in said
    assert f"holds it until {session.lease_until:%Y-%m-%d %H:%M:%S}" in said
    end_lease()
    eventually(lambda: advance(session.pk), seconds=10)
    session.refresh_from_db()
    assert (session.status, session.attempt_rows.count()) == (Status.PR_CREATED, 1)
    assert explain(session)["resumption"]["at_latest"] is None


def test_killed_while_its_agent_runs_it_tells_whose_conversation_is_resumed(plain, killed_when):
    seconds = 7_000_000 + uuid.uuid4().int % 1_000_000
    plain.agent({"match": "", "steps": [{"run": f"sleep {seconds}"}]})
    session = killed_when(lambda: processes_with(f"sleep\0{seconds}"))
    eventually(lambda: not processes_with(str(seconds)), seconds=10)
    words = explain(session)["resumption"]["words"]
    first = session.attempt_rows.get()
    assert f"The agent's conversation of attempt 1 is resumed ({first.agent_session_id})." in words
    assert f"The agent of attempt 1 (process {first.pid}) is gone." in words
    plain.agent({"steps": [{"write": {"NOTES": "fixed\n"}}, {"commit": "Fix it"}]})
    end_lease()
    assert advance(session.pk)
    assert session.attempt_rows.get(number=2).agent_session_id == first.agent_session_id


def test_it_asks_which_session():
    ran = run_command("recover_sessions", "--explain")
    assert ran.code != 0
    assert "--explain needs a session" in ran.err


def test_a_wait_of_a_clock_that_was_ahead_is_told_as_over(plain):
    plain.issue()
    tend(plain.project.pk)
    ahead = timezone.now() + timedelta(days=1)
    IssueSession.objects.update(not_before=ahead, changed_at=ahead, enqueued_at=None)
    told = explain(IssueSession.objects.get())["resumption"]
    assert datetime.fromisoformat(told["at_latest"]) < timezone.now() + timedelta(minutes=1)
    assert not any("parked" in sentence for sentence in told["words"]), told
