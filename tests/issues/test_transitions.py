"""The one writer of status: conditional, fenced, and always with an event."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from issues.models import IssueSession, SessionEvent
from issues.states import MOVES, STEP_STATUS, Status, Step
from issues.transitions import Conflict, create, move, note, stay, stay_all, touch
from projects import leases, redaction
from tests.factories import create_project, create_session

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]


def test_a_move_writes_status_reason_and_an_event_together():
    session = create_session()
    move(session, Status.IN_PROGRESS, reason="claimed", actor="ann", evidence={"base_sha": "abc"})
    session.refresh_from_db()
    assert (session.status, session.reason) == ("in_progress", "claimed")
    event = session.events.get()
    assert (event.actor, event.verb, event.old_status, event.new_status) == (
        "ann",
        "moved",
        "pending",
        "in_progress",
    )
    assert event.evidence == {"base_sha": "abc"}


@pytest.mark.parametrize("old", Status.values)
@pytest.mark.parametrize("new", Status.values)
def test_only_the_pairs_of_the_table_are_possible(old, new):
    session = create_session(status=old)
    if Status(new) in MOVES[Status(old)]:
        move(session, Status(new))
        assert IssueSession.objects.get(pk=session.pk).status == new
    else:
        with pytest.raises(Conflict):
            move(session, Status(new))
        assert IssueSession.objects.get(pk=session.pk).status == old
        assert not SessionEvent.objects.exists()


def test_every_step_has_a_status_from_which_a_held_session_goes_on():
    assert set(STEP_STATUS) == set(Step.values)
    assert set(STEP_STATUS.values()) <= MOVES[Status.NEEDS_REVIEW]


def test_a_move_from_a_stale_copy_changes_nothing():
    session = create_session()
    stale = IssueSession.objects.get(pk=session.pk)
    move(session, Status.SKIPPED, reason="skipped_by_person")
    with pytest.raises(Conflict):
        move(stale, Status.IN_PROGRESS)
    assert IssueSession.objects.get(pk=session.pk).status == Status.SKIPPED
    assert SessionEvent.objects.count() == 1


def test_nobody_else_moves_a_session_that_a_worker_holds():
    session = create_session()
    lease = leases.claim(IssueSession, session.pk)
    with pytest.raises(Conflict):
        move(session, Status.SKIPPED)
    move(session, Status.IN_PROGRESS, lease=lease)
    assert IssueSession.objects.get(pk=session.pk).status == Status.IN_PROGRESS


def test_a_holder_whose_lease_was_taken_over_writes_nothing():
    session = create_session()
    first = leases.claim(IssueSession, session.pk)
    leases.release(first)
    leases.claim(IssueSession, session.pk)
    with pytest.raises(Conflict):
        stay(session, "parked", reason="late", lease=first)
    assert not SessionEvent.objects.exists()


def test_an_ended_or_held_session_is_no_longer_queued():
    for status in (Status.SKIPPED, Status.NEEDS_REVIEW):
        session = create_session(queued_at="2026-01-01T00:00Z", requested_verb="stop")
        move(session, status)
        session.refresh_from_db()
        assert session.queued_at is None
        assert session.requested_verb == ""


def test_secrets_are_masked_in_what_is_stored():
    redaction.register("hunter2-hunter2")
    session = create_session()
    move(session, Status.NEEDS_REVIEW, message="push failed with hunter2-hunter2")
    note(session, "noted", actor="ann", message="again hunter2-hunter2")
    texts = [*SessionEvent.objects.values_list("message", flat=True), IssueSession.objects.get().last_error]
    assert not any("hunter2" in text for text in texts)


def test_new_sessions_get_an_event_each():
    project = create_project()
    create([IssueSession(project=project, github_issue_number=n) for n in (1, 2)])
    assert SessionEvent.objects.filter(verb="synced", new_status="pending").count() == 2


HAPPENINGS = {
    "edited": lambda session: touch(session, github_issue_body="edited"),
    "noted": lambda session: note(session, "noted", actor="ann"),
    "queued": lambda session: stay(session, "queued", actor="ann"),
    "queued with others": lambda session: stay_all([session], "queued", reason="", actor="ann"),
}


@pytest.mark.parametrize("happening", HAPPENINGS)
def test_a_wait_that_a_clock_wrote_which_was_ahead_is_not_believed_after_a_change_either(happening):
    now = timezone.now()
    ahead = now + timedelta(days=1)
    session = create_session(queued_at=now, changed_at=ahead, not_before=ahead)
    HAPPENINGS[happening](session)
    session.refresh_from_db()
    assert session.changed_at < ahead
    assert not session.is_parked(timezone.now())
    assert IssueSession.objects.due(timezone.now()).get() == session


@pytest.mark.parametrize("happening", HAPPENINGS)
def test_a_wait_that_a_right_clock_wrote_outlasts_a_change(happening):
    now = timezone.now()
    session = create_session(queued_at=now, changed_at=now, not_before=now + timedelta(days=1))
    HAPPENINGS[happening](session)
    session.refresh_from_db()
    assert session.not_before == now + timedelta(days=1)


def test_a_change_with_a_wait_of_its_own_keeps_that_one():
    now = timezone.now()
    ahead, soon = now + timedelta(days=1), now + timedelta(minutes=1)
    session = create_session(queued_at=now, changed_at=ahead, not_before=ahead)
    stay(session, "parked", not_before=soon)
    assert session.not_before == IssueSession.objects.get(pk=session.pk).not_before == soon
