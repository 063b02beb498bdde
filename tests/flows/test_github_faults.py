"""GitHub that fails, limits or loses its answers at each step: nothing is lost, nothing is done twice."""

from __future__ import annotations

import pytest
from django.utils import timezone

from automation.demo.github import Fault
from issues.states import Status

pytestmark = pytest.mark.django_db(transaction=True)
ISSUE, PULLS, COMMENTS = r"/issues/\d+$", r"/pulls$", r"/issues/\d+/comments$"


def assert_published_once(tale, number):
    session = tale.session(number)
    assert (session.status, session.attempts, session.last_error) == (Status.PR_CREATED, 0, "")
    assert session.attempt_rows.count() == 1
    assert tale.footprint([number]) == ([f"feature/issue-{number}", "main"], 1, [1])


@pytest.mark.parametrize(
    "fault",
    [
        Fault("answer", path=ISSUE, status=502, body="{}", times=2),
        Fault("html", path=PULLS, method="GET", status=503, times=2),
        Fault("malformed", path=PULLS, method="GET", times=2),
        Fault("drop_before", path=PULLS, method="POST"),
        Fault("drop_after", path=PULLS, method="POST"),
        Fault("malformed", path=PULLS, method="POST"),
        Fault("html", path=PULLS, method="POST", status=500),
        Fault("drop_before", path=COMMENTS, method="GET", times=2),
        Fault("answer", path=COMMENTS, method="POST", status=500, body="{}"),
        Fault("drop_after", path=COMMENTS, method="POST"),
        Fault("malformed", path=COMMENTS, method="POST"),
        Fault("answer", path="git-receive-pack", method="POST", status=503),
        Fault("answer", path="calc.git/info/refs", skip=3, status=502),
    ],
    ids=lambda fault: f"{fault.action} {fault.method} {fault.path}",
)
def test_publishing_is_parked_and_then_finished_once(plain, fault):
    plain.hub.faults.append(fault)
    number = plain.issue()
    plain.run()
    session = plain.session(number)
    assert (fault.times, session.status, session.attempts) == (0, Status.VERIFYING, 0)
    assert session.reason in ("github.unavailable", "github.answer_lost", "git.network")
    assert session.not_before > timezone.now()
    assert session.last_error.endswith(".")
    plain.later()
    assert_published_once(plain, number)


def test_a_push_whose_answer_is_lost_has_happened(plain):
    plain.hub.faults.append(Fault("drop_after", path="git-receive-pack", method="POST"))
    number = plain.issue()
    plain.run()
    plain.later()
    assert_published_once(plain, number)


@pytest.mark.parametrize("status", [502, 404])
def test_a_fetch_that_fails_parks_the_session_before_any_agent_starts(plain, neighbour, status):
    plain.hub.faults.append(Fault("answer", path="acme/calc.git/info/refs", status=status))
    number = plain.issue()
    plain.run()
    session = plain.session(number)
    assert session.reason == {502: "git.network", 404: "git.not_found"}[status]
    assert (session.status, session.attempt_rows.count()) == (Status.IN_PROGRESS, 0)
    plain.later()
    assert_published_once(plain, number)


@pytest.mark.parametrize(
    "fault",
    [
        Fault("html", path=r"/acme/calc/issues$", times=2),
        Fault("malformed", path=r"/acme/calc/issues$", times=2),
        Fault("drop_before", path=r"/acme/calc/issues$", times=2),
        Fault("answer", path=r"/acme/calc$", status=500, body="{}", times=2),
    ],
    ids=lambda fault: fault.action,
)
def test_a_sync_that_fails_is_the_projects_trouble_until_the_next(plain, neighbour, fault):
    number = plain.issue()
    plain.hub.faults.append(fault)
    plain.run()
    assert plain.project_error() == "github.unavailable"
    assert "Nothing to do if this passes" in plain.project.error_message
    plain.run()
    assert plain.project_error() == ""
    assert_published_once(plain, number)


def test_a_pull_request_that_github_refuses_waits_for_a_person(plain):
    refusal = '{"message": "Validation Failed", "errors": [{"message": "Base is locked by a rule"}]}'
    plain.hub.faults.append(Fault("answer", path=PULLS, method="POST", status=422, body=refusal))
    number = plain.issue()
    plain.run()
    session = plain.session(number)
    assert (session.status, session.reason, session.attempts) == ("verifying", "github.validation", 0)
    assert "Base is locked by a rule" in session.last_error
    assert "Change what GitHub names" in session.last_error
    plain.later()
    assert_published_once(plain, number)


def test_when_github_answers_again_what_waited_for_it_goes_on_at_once(plain):
    number = plain.issue()
    plain.hub.faults.append(Fault("answer", path=ISSUE, status=502, body="{}", times=2))
    plain.run()
    assert plain.session(number).reason == "github.unavailable"
    plain.run()
    assert plain.session(number).status == Status.VERIFYING, "what is no outage keeps its pause"
    plain.hub.faults.append(Fault("html", path=r"/acme/calc/issues$", times=2))
    plain.run()
    assert plain.session(number).status == Status.VERIFYING
    plain.run()
    assert_published_once(plain, number)
