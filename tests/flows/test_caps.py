"""An agent or a check that takes more of the host than it may is ended, and nothing else is harmed."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import pytest

from issues.states import Status
from tests.flows.workers import processes_with
from verification.models import VerificationResult

pytestmark = pytest.mark.django_db(transaction=True)
BOMB = "python3 -c 'import os, time\nwhile os.fork(): pass\nwhile True:\n  os.fork()\n  time.sleep(0.{mark})'"
EATER = "python3 -c 'import time\nheld = []\nwhile True: held.append(bytearray(2**24)); time.sleep(0.01)  # {mark}'"
# Fills the folder where it is, file by file.
WRITER = """python3 -c 'import time
number = 0
while True:
  open("%d-{mark}" % number, "wb").write(bytes(2**21))
  number += 1
  time.sleep(0.02)'
"""
WEIGHS_ITSELF = "cat /proc/self/oom_score_adj; nice"
FIX = [{"write": {"NOTES": "fixed\n"}}, {"commit": "Fix it"}]


@pytest.fixture
def mark():
    """Digits that no other process has in its command line."""
    return f"1{uuid.uuid4().int % 10**12:012}"


@pytest.mark.parametrize(
    ("harm", "cap", "allowed", "reason", "said"),
    [
        pytest.param(BOMB, "PROCESSES", 60, "processes", "more processes than it may", id="fork bomb"),
        pytest.param(EATER, "MEMORY_MB", 300, "memory", "more memory than they may", id="memory eater"),
        pytest.param(WRITER, "DISK_MB", 40, "writes", "wrote more than 40 MB", id="fills its clone"),
        pytest.param(
            "cd && " + WRITER, "DISK_MB", 40, "writes", "wrote more than 40 MB", id="fills its home"
        ),
    ],
)
def test_an_agent_that_takes_too_much_is_ended_with_all_it_started(
    plain, settings, mark, harm, cap, allowed, reason, said
):
    setattr(settings, f"AUTOWRKERS_AGENT_{cap}", allowed)
    plain.agent(
        {"match": "Attempt 2 of 3", "steps": FIX}, {"match": "", "steps": [{"run": harm.format(mark=mark)}]}
    )
    number = plain.issue()
    plain.run()
    session = plain.session(number)
    assert (session.status, session.attempts) == (Status.PR_CREATED, 1)
    first = session.attempt_rows.get(number=1)
    assert (first.outcome, first.counted) == (reason, True)
    assert said in first.message
    assert processes_with(mark) == []


@pytest.mark.parametrize(
    ("harm", "cap", "allowed", "said"),
    [
        (EATER, "MEMORY_MB", 300, "Ended because it took more memory than it may"),
        (WRITER, "DISK_MB", 40, "Ended because it wrote more than 40 MB"),
    ],
)
def test_a_check_that_takes_too_much_has_failed_and_says_so(plain, settings, mark, harm, cap, allowed, said):
    setattr(settings, f"AUTOWRKERS_AGENT_{cap}", allowed)
    plain.change(verification_command=harm.format(mark=mark))
    number = plain.issue()
    plain.run()
    failed = VerificationResult.objects.get(issue_session=plain.session(number), passed=False)
    assert said in failed.output
    assert failed.attempt.counted
    assert processes_with(mark) == []


def test_a_setup_that_writes_too_much_waits_for_a_person_and_leaves_nothing_behind(plain, settings, mark):
    settings.AUTOWRKERS_AGENT_DISK_MB = 40
    plain.change(setup_command=WRITER.format(mark=mark))
    number = plain.issue()
    plain.run()
    session = plain.session(number)
    assert (session.reason, session.attempts) == ("workspace.too_large", 0)
    assert "wrote more than 40 MB" in session.last_error
    assert not any(settings.AUTOWRKERS_WORKSPACE_ROOT.glob("clones/*"))
    plain.change(setup_command="")
    plain.later()
    assert plain.session(number).status == Status.PR_CREATED


def test_an_agent_steps_back_for_its_worker_when_the_host_is_short(plain):
    own = int(Path("/proc/self/oom_score_adj").read_text()), os.getpriority(os.PRIO_PROCESS, 0)
    plain.agent({"steps": [{"run": f"{{ {WEIGHS_ITSELF}; }} > WEIGHT"}, *FIX]})
    number = plain.issue()
    plain.run()
    session = plain.session(number)
    weight = plain.hub.repository(plain.repo).bare.git("show", f"{session.head_sha}:WEIGHT").split()
    assert [int(word) for word in weight] == [500, own[1] + 5]
    assert own[0] < 500
