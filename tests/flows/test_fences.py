"""Late workers, late messages and late wishes: what must not happen twice, too early, or be forgotten."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from automation import attempts, pipeline, tasks
from automation.demo.github import Fault
from automation.effects import check_lease, perform
from automation.models import Effect
from automation.pipeline import advance
from automation.tend import tend
from issues import verbs
from issues.models import IssueSession
from issues.states import Status
from projects import leases
from projects.errors import Cancelled
from projects.github.errors import GitHubUnavailable
from projects.models import Project
from tests.factories import create_session, create_superuser
from tests.flows.conftest import FIX

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]


def test_a_person_who_moves_a_session_fences_its_late_worker_off(plain):
    number = plain.issue()
    plain.run()
    session = plain.session(number)
    late = leases.claim(IssueSession, session.pk)
    IssueSession.objects.update(lease_until=F("lease_until") - timedelta(minutes=1))
    verbs.skip(plain.session(number), actor="ann")
    assert not leases.renew(late)
    assert not leases.update_held(late, reason="late")


def test_a_lease_that_has_run_out_allows_no_effect_even_if_nobody_took_it_over(plain):
    number = plain.issue()
    plain.run()
    lease = leases.claim(IssueSession, plain.session(number).pk)
    check_lease(lease)
    IssueSession.objects.update(lease_until=F("lease_until") - timedelta(minutes=1))
    with pytest.raises(Cancelled):
        check_lease(lease)


@pytest.mark.parametrize("error", [None, GitHubUnavailable("No answer.")], ids=["fenced", "refused"])
def test_a_late_worker_leaves_the_date_that_its_successor_has_set(error):
    session = create_session(status="verifying", step="publish")
    late, theirs = leases.claim(IssueSession, session.pk), timezone.now() + timedelta(seconds=30)

    def act_late():
        IssueSession.objects.update(lease_until=F("lease_until") - timedelta(minutes=1))
        assert leases.claim(IssueSession, session.pk)
        Effect.objects.update(not_before=theirs)
        if error is not None:
            raise error
        check_lease(late)

    with pytest.raises(Cancelled):
        perform(session, "comment_pr", lease=late, find=lambda: None, act=act_late)
    assert Effect.objects.get().not_before == theirs


def test_an_agent_whose_worker_was_taken_over_while_it_started_gets_no_prompt(plain, monkeypatch):
    number = plain.issue()
    begin = attempts.begin

    def begin_and_lose(session, **facts):
        attempt = begin(session, **facts)
        IssueSession.objects.update(fence=F("fence") + 1, lease_owner="another")
        return attempt

    monkeypatch.setattr(attempts, "begin", begin_and_lose)
    plain.run()
    attempt = plain.session(number).attempt_rows.get()
    assert (attempt.pid, attempt.outcome) == (None, "")
    assert not attempt.transcript_path.exists() or attempt.transcript_path.stat().st_size == 0


def test_a_message_for_a_parked_session_or_a_second_one_starts_no_agent(plain):
    plain.agent({"steps": [{"fail": {"status": 529}}]})
    number = plain.issue()
    tend(plain.project.pk)
    pk = plain.session(number).pk
    for _ in range(4):
        tasks.advance(pk)
    assert plain.session(number).attempt_rows.count() == 1
    assert advance(pk) is True, "even by hand it waits until its time"
    assert plain.session(number).attempt_rows.count() == 1


def test_a_message_that_comes_after_automation_was_stopped_starts_nothing(plain):
    number = plain.issue()
    tend(plain.project.pk)
    plain.change(automation_enabled=False)
    tasks.advance(plain.session(number).pk)
    assert plain.session(number).attempt_rows.count() == 0


@pytest.mark.parametrize(("verb", "status"), [("skip", "skipped"), ("stop", "needs_review")])
def test_a_wish_that_comes_while_publishing_is_carried_out_before_the_pull_request(
    plain, monkeypatch, verb, status
):
    number = plain.issue()
    run = pipeline.STEPS["publish"]

    def asked_meanwhile(session, env):
        getattr(verbs, verb)(plain.session(number), actor="ann")
        env.stop.request("requested")
        return run(session, env)

    monkeypatch.setitem(pipeline.STEPS, "publish", asked_meanwhile)
    plain.run()
    assert plain.session(number).status == status
    assert (plain.hub.pulls(plain.repo), plain.session(number).requested_verb) == ([], "")


def test_a_wish_goes_before_parking_and_one_left_on_a_row_is_found(plain, monkeypatch):
    plain.agent({"steps": [{"fail": {"status": 529}}]})
    number = plain.issue()
    run = pipeline.STEPS["work"]

    def asked_meanwhile(session, env):
        verbs.stop(plain.session(number), actor="ann")
        return run(session, env)

    monkeypatch.setitem(pipeline.STEPS, "work", asked_meanwhile)
    plain.run()
    assert (plain.session(number).status, plain.session(number).reason) == ("needs_review", "stopped")
    IssueSession.objects.update(requested_verb="skip", requested_by="bob")
    tend(plain.project.pk)
    assert plain.session(number).status == Status.SKIPPED


def test_a_person_who_pushes_between_push_and_pull_request_holds_the_session(plain):
    number = plain.issue()
    plain.hub.faults.append(Fault("html", method="GET", path=r"/pulls$", status=502, times=2))
    plain.run()
    branch = plain.session(number).branch_name
    theirs = plain.push(branch, {"MORE": "x\n"})
    plain.later()
    session = plain.session(number)
    assert (session.status, session.reason) == ("needs_review", "branch_taken_over")
    assert plain.hub.repository(plain.repo).bare.resolve(branch) == theirs
    assert plain.hub.pulls(plain.repo) == []


def test_a_commit_that_holds_a_secret_is_not_pushed(plain, monkeypatch, settings):
    monkeypatch.setenv("MODEL_API_KEY", "model-key-canary-9876543210")
    settings.AUTOWRKERS_AGENT_ENV = ["MODEL_API_KEY"]
    plain.agent({"steps": [{"run": "env > debug.log"}, *FIX]})
    number = plain.issue()
    plain.run()
    assert (plain.session(number).status, plain.session(number).reason) == (
        "needs_review",
        "secret_in_commit",
    )
    assert plain.branches() == ["main"]


def test_one_unreadable_pull_request_does_not_keep_the_others_from_being_followed(plain):
    first, second = plain.issue(), plain.issue("median() again")
    plain.run()
    for number in (first, second):
        plain.hub.merge(plain.repo, plain.session(number).pr_number)
    broken = plain.session(first).pr_number
    plain.hub.faults.append(Fault("malformed", method="GET", path=rf"/pulls/{broken}$", times=4))
    plain.run()
    assert plain.session(second).status == Status.COMPLETED
    plain.run(rounds=3)
    assert plain.session(first).status == Status.COMPLETED


def test_a_comment_that_is_refused_for_good_keeps_no_other_issue_from_being_worked_on(plain):
    plain.agent(
        {"match": "Impossible", "steps": [{"say": "No."}]},
        {"steps": FIX},
    )
    Project.objects.update(max_concurrent=1)
    number = plain.issue("Impossible")
    plain.hub.faults.append(
        Fault(
            "answer",
            method="POST",
            path=rf"/issues/{number}/comments$",
            status=403,
            body='{"message": "Resource not accessible"}',
            times=50,
        )
    )
    plain.run()
    assert plain.session(number).status == Status.FAILED
    other = plain.issue("Possible")
    plain.run(rounds=2)
    assert plain.session(other).status == Status.PR_CREATED
    assert plain.project_error() == ""


def test_a_comment_that_is_refused_is_told_once_on_its_session_with_when_it_is_tried_again(plain, client):
    plain.agent({"steps": [{"say": "No."}]})
    number = plain.issue()
    words = '{"message": "Resource not accessible by personal access token"}'
    path = rf"/issues/{number}/comments$"
    plain.hub.faults.append(Fault("answer", method="POST", path=path, status=403, body=words, times=3))
    plain.run()
    plain.later(rounds=2)
    session = plain.session(number)
    assert session.status == Status.FAILED
    [told] = session.events.filter(reason="effect_refused")
    assert "Resource not accessible by personal access token" in told.message
    client.force_login(create_superuser())
    page = client.get(reverse("admin:session", args=[session.pk]), {"tab": "timeline"}).content.decode()
    again = timezone.localtime(session.effects.get(kind="comment_failed").not_before)
    assert "Resource not accessible by personal access token" in page
    assert (
        f"Comment: failed: not known to have happened, looked for and tried again at {again:%Y-%m-%d %H:%M}"
        in page
    )
    plain.later()
    assert len(plain.comments(number)) == 1


def test_the_time_that_a_service_names_is_not_believed_beyond_a_week(plain):
    plain.agent({"steps": [{"fail": {"message": "Claude AI usage limit reached|9999999999"}}]})
    number = plain.issue()
    plain.run()
    assert plain.session(number).not_before < timezone.now() + timedelta(days=8)
