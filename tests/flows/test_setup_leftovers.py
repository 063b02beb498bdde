"""What a project's setup command leaves in the clone is nobody's work; what the agent had left there stays its own."""

from __future__ import annotations

import pytest

from issues.states import Status
from tests.flows.conftest import FIX

pytestmark = pytest.mark.django_db(transaction=True)
SETUP = "echo lock >> uv.lock; mkdir -p new; date > 'new/a [x]*\t'; echo more >> README.md; rm -f calc/averages.py"


def published(tale, number):
    bare = tale.hub.repository(tale.repo).bare
    return bare.git("diff", "--name-only", "main", f"feature/issue-{number}").split()


def test_an_agent_that_did_nothing_gets_no_pull_request_out_of_it(plain):
    plain.agent({"steps": [{"say": "I did nothing.\n\n/complete"}]})
    plain.change(setup_command=SETUP, verification_command="true")
    number = plain.issue()
    plain.run()
    session = plain.session(number)
    assert (session.status, session.reason, session.attempts) == (Status.FAILED, "no_commit", 3)


def test_a_model_that_never_answers_comes_to_an_end(plain):
    plain.agent({"steps": [{"fail": {"status": 529}}]})
    plain.change(setup_command=SETUP)
    number = plain.issue()
    plain.run()
    plain.later(rounds=6)
    assert plain.session(number).reason == "keeps_failing"
    assert plain.session(number).attempt_rows.count() == 5


def test_a_setup_that_fails_leaves_nothing_either(plain):
    plain.change(setup_command=f"{SETUP}; exit 1")
    number = plain.issue()
    plain.run()
    assert plain.session(number).reason == "setup"
    plain.change(setup_command="")
    plain.later()
    assert plain.session(number).status == Status.PR_CREATED
    assert published(plain, number) == ["NOTES"]


def test_the_agent_may_go_on_where_setup_has_made_files(plain):
    plain.agent({"steps": [{"write": {"new/mine": "x\n", "README.md": "mine\n"}}, *FIX]})
    plain.change(setup_command=SETUP)
    number = plain.issue()
    plain.run()
    assert published(plain, number) == ["NOTES", "README.md", "new/mine"]
