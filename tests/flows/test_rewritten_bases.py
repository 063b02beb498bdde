"""The default branch is rewritten or deleted under our sessions: nothing that its owners removed comes back by us."""

from __future__ import annotations

import pytest

from automation.demo.github import Fault
from issues import verbs
from issues.states import Status
from tests.flows.conftest import FIX

pytestmark = pytest.mark.django_db(transaction=True)
BUSY = {"steps": [{"fail": {"status": 529}}]}


def rewrite(tale, branch="main"):
    """A force-push: the branch begins anew, and what was on it is on no branch any more."""
    bare = tale.hub.repository(tale.repo).bare
    stream = f"commit refs/heads/{branch}\ncommitter Ann <ann@example.com> 1767900000 +0000\ndata 5\nAnew\n"
    stream += "M 644 inline README\ndata 5\ncalc\n\n"
    bare.git("update-ref", "-d", f"refs/heads/{branch}")
    bare.git("fast-import", "--quiet", "--force", stdin=stream.encode())
    return bare.resolve(branch)


def test_what_has_not_begun_starts_from_the_branch_as_it_is_now(plain):
    plain.run()
    new = rewrite(plain)
    number = plain.issue()
    plain.run()
    session = plain.session(number)
    assert (session.status, session.base_sha) == (Status.PR_CREATED, new)


@pytest.mark.parametrize("reached", ["its agent is to start again", "it is to be pushed"])
def test_work_that_began_on_what_was_removed_is_held_and_not_pushed_and_a_new_start_begins_afresh(
    plain, reached
):
    if reached == "it is to be pushed":
        plain.hub.faults.append(Fault("answer", path=r"/issues/\d+$", status=500, body="{}", times=2))
    else:
        plain.agent(BUSY)
    number = plain.issue()
    plain.run()
    starts = plain.session(number).attempt_rows.count()
    new = rewrite(plain)
    plain.agent({"steps": FIX})
    plain.later(rounds=3)
    session = plain.session(number)
    assert (session.status, session.reason, session.attempts) == ("needs_review", "base_rewritten", 0)
    assert "Skip the session, then start it again" in session.last_error
    assert session.attempt_rows.count() == starts
    assert (plain.branches(), plain.hub.pulls(plain.repo)) == (["main"], [])
    verbs.skip(session, actor="ann")
    plain.run()
    verbs.start(plain.session(number), actor="ann")
    plain.run()
    session = plain.session(number)
    assert (session.status, session.base_sha) == (Status.PR_CREATED, new)


def test_commits_added_to_the_branch_meanwhile_do_not_hold_anything_up(plain):
    plain.hub.faults.append(Fault("answer", path=r"/issues/\d+$", status=500, body="{}", times=2))
    number = plain.issue()
    plain.run()
    plain.push("main", {"OTHER": "x\n"})
    plain.later()
    assert (plain.session(number).status, plain.footprint([number])[1]) == (Status.PR_CREATED, 1)


def test_a_deleted_default_branch_parks_what_waits_for_it_pushes_nothing_and_all_goes_on_when_it_is_back(
    plain, neighbour
):
    plain.push("other", {"OTHER": "x\n"})
    plain.hub.faults.append(Fault("answer", path=r"calc/issues/\d+$", status=500, body="{}", times=2))
    worked = plain.issue()
    plain.run()
    bare = plain.hub.repository(plain.repo).bare
    tip = bare.resolve("main")
    bare.git("update-ref", "-d", "refs/heads/main")
    new = plain.issue()
    plain.later(rounds=2)
    for number in (worked, new):
        session = plain.session(number)
        assert (session.reason, session.attempts) == ("git.no_default_branch", 0)
    assert (plain.branches(), plain.hub.pulls(plain.repo)) == (["other"], [])
    bare.git("update-ref", "refs/heads/main", tip)
    plain.later()
    assert {plain.session(number).status for number in (worked, new)} == {Status.PR_CREATED}
