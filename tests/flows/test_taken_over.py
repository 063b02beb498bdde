"""A worker paused while another takes over harms nobody's clone; a stopped one ends soon whatever the agent left."""

from __future__ import annotations

import signal
import uuid

import pytest

from automation.environment import environment_for
from automation.holding import Holding
from automation.pipeline import advance
from automation.steps import prepare
from automation.tend import tend
from issues import verbs
from issues.models import IssueSession
from issues.states import Status
from projects import leases
from projects.errors import Cancelled
from projects.workspace import folders
from tests.flows.conftest import CHECK, FIX
from tests.flows.test_killed_workers import end_lease, kill
from tests.flows.workers import eventually, processes_with, start_worker

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def queued(plain):
    number = plain.issue()
    tend(plain.project.pk)
    return plain.session(number)


@pytest.fixture
def seconds():
    """How long something sleeps: a number that no other process has in its command line."""
    return 7_000_000 + uuid.uuid4().int % 1_000_000


def folder(session, fence):
    path = folders.clone_path(session.pk, fence)
    (path / "work").mkdir(parents=True)
    return path


def test_a_late_worker_leaves_the_clone_of_its_successor_alone(queued):
    with Holding(leases.claim(IssueSession, queued.pk)) as late, environment_for(queued, late) as env:
        earlier = folder(queued, late.lease.fence - 1)
        end_lease()
        successor = leases.claim(IssueSession, queued.pk)
        clone = folder(queued, successor.fence)
        with pytest.raises(Cancelled):
            prepare.run(queued, env)
        assert (clone / "work").exists()
        assert (earlier / "work").exists()


def test_a_clone_of_a_higher_fence_is_not_touched_even_while_the_lease_is_ours(queued):
    with Holding(leases.claim(IssueSession, queued.pk)) as held, environment_for(queued, held) as env:
        earlier, later = folder(queued, held.lease.fence - 1), folder(queued, held.lease.fence + 1)
        prepare.run(queued, env)
        assert (later / "work").exists()
        assert not earlier.exists()


def test_the_setup_of_a_paused_worker_goes_on_in_nobody_elses_clone(plain, queued, settings, seconds):
    plain.agent({"steps": [{"run": "touch ~/wait"}, {"fail": {"status": 529}}]})
    advance(queued.pk)
    IssueSession.objects.update(not_before=None)
    wait = f"until [ -e ~/go ]; do sleep 0.1{seconds}; done"
    plain.change(setup_command=f"rm ~/wait || exit 0; {wait}; echo late > LATE")
    paused = start_worker(queued.pk, settings)
    eventually(lambda: processes_with(f"sleep\x000.1{seconds}"))
    paused.send_signal(signal.SIGSTOP)
    end_lease()
    plain.agent({"steps": [{"run": "touch ~/go; sleep 1"}, *FIX]})
    assert advance(queued.pk) is True
    kill(paused)
    session = plain.session(queued.github_issue_number)
    assert (session.status, session.attempts) == (Status.PR_CREATED, 0)
    files = plain.hub.repository(plain.repo).bare.git("ls-tree", "--name-only", session.branch_name).split()
    assert "NOTES" in files
    assert "LATE" not in files


def test_what_an_agent_left_is_collected_by_whoever_takes_over(plain, queued):
    """Its worker dies after the agent has ended and before anybody looked at what it left."""
    plain.agent({"steps": [{"write": {"NOTES": "fixed\n"}}]})
    plain.change(verification_command="exit 127")
    advance(queued.pk)
    session = plain.session(queued.github_issue_number)
    session.attempt_rows.update(head_sha="")
    IssueSession.objects.update(step="work", status="in_progress", not_before=None)
    claimed = leases.claim(IssueSession, queued.pk)
    end_lease()
    plain.change(verification_command=CHECK)
    assert claimed
    assert advance(queued.pk) is True
    session.refresh_from_db()
    assert (session.status, session.attempt_rows.count()) == (Status.PR_CREATED, 1)


def test_a_stop_while_leftovers_are_committed_is_heard(plain, queued, settings):
    slow = "git config filter.x.clean 'sleep 60; cat'; echo '* filter=x' > .gitattributes; echo fixed > NOTES"
    plain.agent({"steps": [{"run": slow}]})
    worker = start_worker(queued.pk, settings)
    eventually(lambda: (last := queued.attempt_rows.first()) and last.outcome == "done")
    assert verbs.stop(plain.session(queued.github_issue_number), actor="ann") == verbs.RECORDED
    assert worker.communicate(timeout=15)[0].split()[-1] == "True"
    session = plain.session(queued.github_issue_number)
    assert (session.status, session.reason, session.attempts) == ("needs_review", "stopped", 0)


def test_what_a_stopped_agent_left_is_salvaged_only_as_long_as_that_is_quick(
    plain, queued, settings, seconds
):
    slow = "git config filter.x.clean 'sleep 60; cat'; echo '* filter=x' > .gitattributes; echo fixed > NOTES"
    plain.agent({"steps": [{"run": slow}, {"run": f"sleep {seconds}"}]})
    worker = start_worker(queued.pk, settings)
    eventually(lambda: processes_with(f"sleep\0{seconds}"))
    assert verbs.stop(plain.session(queued.github_issue_number), actor="ann") == verbs.RECORDED
    assert worker.communicate(timeout=20)[0].split()[-1] == "True"
    assert plain.session(queued.github_issue_number).reason == "stopped"
