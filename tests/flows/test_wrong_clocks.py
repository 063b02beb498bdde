"""A clock that was ahead for a while, and is right again: what it wrote down keeps nobody waiting."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from automation import control
from automation.tend import tend
from issues.models import IssueSession
from projects.models import Project

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = timedelta(hours=1)


def test_a_merge_and_a_new_issue_are_seen_although_the_last_look_seems_to_lie_ahead(plain):
    number = plain.issue()
    plain.run()
    ahead = timezone.now() + HOUR
    seen = {"last_synced_at": ahead, "repository_seen_at": ahead, "last_tended_at": ahead}
    plain.change(sync_requested_at=None, retry_at=None, **seen)
    IssueSession.objects.update(followed_at=ahead)
    plain.hub.merge(plain.repo, plain.session(number).pr_number)
    new = plain.issue("another")
    assert control.status_of(plain.project).next_sync <= timezone.now()
    assert tend(plain.project.pk)
    assert plain.session(number).status == "completed"
    assert plain.session(new).queued_at
    assert Project.objects.get().repository_seen_at < ahead


def test_a_session_that_was_parked_meanwhile_goes_on(plain):
    plain.agent({"steps": [{"fail": {"status": 529}}]})
    number = plain.issue()
    plain.run()
    session = plain.session(number)
    IssueSession.objects.update(changed_at=session.changed_at + HOUR, not_before=session.not_before + HOUR)
    plain.run()
    assert plain.session(number).attempt_rows.count() == 2


def test_a_session_whose_message_was_lost_meanwhile_is_handed_out_again(plain):
    number = plain.issue()
    assert tend(plain.project.pk)
    ahead = plain.session(number).enqueued_at + HOUR
    IssueSession.objects.update(enqueued_at=ahead)
    assert tend(plain.project.pk)
    assert plain.session(number).enqueued_at < ahead
