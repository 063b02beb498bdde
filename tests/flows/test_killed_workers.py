"""kill -9 at the worst moments: the session goes on after the lease, nothing is done twice, no attempt is used."""

from __future__ import annotations

import signal

import pytest

from automation.demo.github import Fault
from automation.pipeline import advance
from issues import verbs
from issues.states import Status
from tests.flows.workers import end_lease, eventually, processes_with, start_worker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]
FIX = [
    {
        "write": {
            "calc/averages.py": "def mean(values):\n    return sum(values) / len(values)\n\n\nmedian = mean\n"
        }
    },
    {"commit": "Fix it"},
]


@pytest.fixture
def queued(tale):
    """A session that is queued and nobody works on yet."""
    tale.agent({"match": "median", "steps": FIX})
    type(tale.project).objects.update(verification_command="python3 -c 'import calc.averages'")
    number = tale.issue()
    tale.project.refresh_from_db()
    from automation.tend import tend

    tend(tale.project.pk)
    return tale.session(number)


def running(settings, session, until):
    worker = start_worker(session.pk, settings)
    eventually(lambda: until() or worker.poll() is not None)
    assert worker.poll() is None, worker.stdout.read()
    return worker


def kill(worker):
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    worker.stdout.close()


def test_killed_while_the_agent_runs(tale, queued, settings, seconds):
    tale.agent({"match": "median", "steps": [{"run": f"sleep {seconds}"}]})
    worker = running(settings, queued, lambda: processes_with(f"sleep\0{seconds}"))
    kill(worker)
    eventually(lambda: not processes_with(str(seconds)), seconds=10)
    assert advance(queued.pk) is False
    end_lease()
    tale.agent({"match": "median", "steps": FIX})
    assert advance(queued.pk) is True
    session = tale.session(queued.github_issue_number)
    assert (session.status, session.attempts) == (Status.PR_CREATED, 0)
    lost, done = session.attempt_rows.order_by("number")
    assert (lost.outcome, lost.counted, done.outcome) == ("worker_lost", False, "done")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        pytest.param("GET", r"/pulls$", id="between push and pull request"),
        pytest.param("POST", r"/pulls$", id="while the pull request is opened"),
        pytest.param("GET", r"/comments$", id="between pull request and comment"),
        pytest.param("POST", r"/comments$", id="while the comment is written"),
    ],
)
def test_killed_while_publishing(tale, queued, settings, method, path):
    tale.hub.faults.append(Fault("delay", method=method, path=path, seconds=2))
    worker = running(settings, queued, lambda: not tale.hub.faults[0].times)
    kill(worker)
    assert advance(queued.pk) is False
    end_lease()
    eventually(lambda: advance(queued.pk), seconds=10)
    session = tale.session(queued.github_issue_number)
    assert (session.status, session.attempts, session.attempt_rows.count()) == (Status.PR_CREATED, 0, 1)
    assert tale.footprint([session.github_issue_number]) == (
        [f"feature/issue-{session.github_issue_number}", "main"],
        1,
        [1],
    )


def test_of_two_workers_given_the_same_session_one_works_and_the_other_returns(tale, queued, settings):
    workers = [start_worker(queued.pk, settings) for _ in range(2)]
    answers = sorted(worker.communicate(timeout=60)[0].split()[-1] for worker in workers)
    assert answers == ["False", "True"]
    assert tale.session(queued.github_issue_number).attempt_rows.count() == 1


@pytest.mark.parametrize(
    ("verb", "status", "reason"),
    [("stop", "needs_review", "stopped"), ("skip", "skipped", "skipped_by_person")],
)
def test_stop_and_skip_end_the_agents_whole_tree_within_ten_seconds(
    tale, queued, settings, seconds, verb, status, reason
):
    tale.agent({"match": "median", "steps": [{"daemon": seconds}, {"run": f"sleep {seconds}"}]})
    worker = running(settings, queued, lambda: processes_with(f"sleep\0{seconds}"))
    assert getattr(verbs, verb)(tale.session(queued.github_issue_number), actor="ann") == verbs.RECORDED
    took = eventually(lambda: not processes_with(str(seconds)), seconds=10)
    assert took < 10
    assert worker.communicate(timeout=20)[0].split()[-1] == "True"
    session = tale.session(queued.github_issue_number)
    assert (session.status, session.reason, session.attempts) == (status, reason, 0)
