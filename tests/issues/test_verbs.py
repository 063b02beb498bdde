"""What people may ask of a session, and what becomes of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from issues import verbs
from issues.models import IssueSession
from issues.states import Status, Step
from projects import leases
from projects.signals import work_requested
from tests.factories import create_session

pytestmark = pytest.mark.django_db


def fresh(session):
    return IssueSession.objects.get(pk=session.pk)


def test_start_queues_a_pending_session_for_the_person():
    session = create_session()
    assert verbs.start(session, actor="ann") == verbs.DONE
    assert fresh(session).queued_at is not None
    assert fresh(session).queued_by == "ann"


def test_start_of_a_queued_session_changes_nothing():
    session = create_session(queued_at=timezone.now(), queued_by="bob")
    assert verbs.start(session, actor="ann") == verbs.UNCHANGED
    assert fresh(session).queued_by == "bob"


def test_start_of_a_parked_session_ends_its_waiting():
    later = timezone.now() + timedelta(hours=1)
    session = create_session(
        queued_at=timezone.now(), queued_by="bob", not_before=later, reason="missing_tool"
    )
    assert verbs.start(session, actor="ann") == verbs.DONE
    assert (fresh(session).not_before, fresh(session).queued_by) == (None, "ann")


@pytest.mark.parametrize(
    ("step", "status"),
    [("prepare", "pending"), ("work", "in_progress"), ("verify", "verifying"), ("publish", "verifying")],
)
def test_start_lets_a_held_session_go_on_where_it_stood(step, status):
    session = create_session(status=Status.NEEDS_REVIEW, step=step)
    verbs.start(session, actor="ann")
    assert (fresh(session).status, fresh(session).step) == (status, step)
    assert fresh(session).queued_at is not None


def test_retry_of_a_failed_session_opens_a_new_round():
    values = {"attempts": 3, "step": Step.VERIFY, "head_sha": "a" * 40, "pr_number": 7}
    session = create_session(status=Status.FAILED, **values)
    verbs.retry(session, actor="ann")
    session = fresh(session)
    assert (session.status, session.step, session.round, session.attempts) == ("pending", "prepare", 2, 0)
    assert (session.head_sha, session.pr_number) == ("", None)


def test_a_reopened_issue_can_be_started_again_but_a_closed_one_cannot():
    done = create_session(status=Status.COMPLETED, issue_state="closed")
    with pytest.raises(verbs.NotAllowed):
        verbs.start(done, actor="ann")
    reopened = create_session(status=Status.COMPLETED, issue_state="open")
    verbs.start(reopened, actor="ann")
    assert fresh(reopened).round == 2


@pytest.mark.parametrize(
    ("verb", "values"),
    [
        ("start", {"status": Status.PENDING}),
        ("start", {"status": Status.SKIPPED, "reason": "issue_closed"}),
        ("start", {"status": Status.NEEDS_REVIEW, "step": Step.WORK}),
        ("retry", {"status": Status.NEEDS_REVIEW, "step": Step.WORK}),
        ("retry", {"status": Status.FAILED, "pr_number": 7, "pr_state": "closed"}),
    ],
)
def test_work_on_a_closed_issue_is_refused_until_it_is_open_again(verb, values):
    session = create_session(issue_state="closed", **values)
    with pytest.raises(verbs.NotAllowed, match="is closed on GitHub") as refusal:
        getattr(verbs, verb)(session, actor="ann")
    assert refusal.value.remedy.startswith("Reopen it on GitHub, then sync.")
    assert not {"start", "retry"} & set(refusal.value.allowed)
    assert fresh(session).status == session.status
    IssueSession.objects.update(issue_state="open")
    assert getattr(verbs, verb)(fresh(session), actor="ann") == verbs.DONE


@pytest.mark.parametrize(
    "values", [{"step": Step.FOLLOW, "pr_number": 7, "pr_state": "open"}, {"step": Step.PUBLISH}]
)
def test_where_a_pull_request_of_ours_may_be_the_closed_issue_keeps_nobody_from_going_on(values):
    session = create_session(status=Status.NEEDS_REVIEW, issue_state="closed", **values)
    assert verbs.start(session, actor="ann") == verbs.DONE


@pytest.mark.parametrize(
    ("verb", "status", "reason"),
    [("skip", "skipped", "skipped_by_person"), ("stop", "needs_review", "stopped")],
)
def test_skip_and_stop_act_at_once_on_a_session_that_nobody_works_on(verb, status, reason):
    session = create_session(status=Status.IN_PROGRESS, queued_at=timezone.now())
    assert getattr(verbs, verb)(session, actor="ann") == verbs.DONE
    assert (fresh(session).status, fresh(session).reason, fresh(session).queued_at) == (status, reason, None)


def test_what_was_never_started_cannot_be_stopped():
    session = create_session()
    with pytest.raises(verbs.NotAllowed) as refusal:
        verbs.stop(session, actor="ann")
    assert refusal.value.allowed == ["start", "skip"]
    assert fresh(session).status == "pending"


@pytest.mark.parametrize("verb", ["skip", "stop"])
def test_on_a_running_session_the_request_is_only_recorded(verb):
    session = create_session(status=Status.IN_PROGRESS)
    lease = leases.claim(IssueSession, session.pk)
    assert getattr(verbs, verb)(session, actor="ann") == verbs.RECORDED
    assert (fresh(session).status, fresh(session).requested_verb) == ("in_progress", verb)
    verbs.carry_out(session, verb, actor="ann", lease=lease)
    assert fresh(session).requested_verb == ""


def test_a_refused_request_leaves_an_event_and_says_what_is_possible():
    session = create_session(status=Status.COMPLETED)
    with pytest.raises(verbs.NotAllowed, match="completed cannot be asked to retry") as refusal:
        verbs.retry(session, actor="ann")
    assert refusal.value.remedy == "Possible now: start."
    assert session.events.get().verb == "refused"


def test_a_refusal_says_how_the_session_stands_in_words_of_people():
    session = create_session(status=Status.PR_CREATED)
    with pytest.raises(
        verbs.NotAllowed, match="A session whose pull request is open cannot be asked to retry"
    ):
        verbs.retry(session, actor="ann")


def test_an_approval_wakes_the_project():
    woken = []

    def listen(sender, project_pk, **_):
        woken.append(project_pk)

    work_requested.connect(listen)
    session = create_session()
    verbs.start(session, actor="ann")
    work_requested.disconnect(listen)
    assert woken == [session.project_id]
