"""Who may run, and when: places, order, lost and doubled messages, switches. The queue is looked at, not run."""

from __future__ import annotations

from datetime import timedelta
from unittest.mock import patch

import pytest
from django.db.models import DateTimeField, ExpressionWrapper
from django.db.models.functions import Now
from django.utils import timezone

from automation import control
from automation.dispatch import dispatch, free_places
from automation.pipeline import advance
from automation.tend import tend
from issues import verbs
from issues.models import IssueSession
from issues.models.session import ENQUEUE_GRACE, RESENT_AFTER
from issues.states import Status
from projects import leases
from projects.models import Project
from tests.factories import create_project, create_session

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services, pytest.mark.broker]


@pytest.fixture(autouse=True)
def slots(settings):
    settings.AUTOWRKERS_AGENT_SLOTS = 3


def project(**values):
    return create_project(automation_enabled=True, auto_start=True, max_concurrent=2, **values)


def queued(owner, **values):
    defaults = {"project": owner, "queued_at": timezone.now(), "queued_by": "autowrkers"}
    return create_session(**defaults | values)


def later(after):
    moved = ExpressionWrapper(Now() + after, output_field=DateTimeField())
    return patch.object(leases, "db_now", lambda: moved)


def started(owner, after=timedelta()):
    with later(after):
        return dispatch(Project.objects.get(pk=owner.pk), timezone.now() + after)


def test_each_project_keeps_to_its_share_and_all_together_to_the_slots():
    one, two = project(), project()
    mine, theirs = [queued(one).pk for _ in range(3)], [queued(two).pk for _ in range(3)]
    assert started(one) == mine[:2]
    assert started(two) == theirs[:1]
    assert (started(one), started(two)) == ([], [])


def test_what_runs_on_another_host_takes_none_of_this_hosts_slots():
    one, two = project(), project()
    for _ in range(3):
        session = create_session(project=one, status="in_progress")
        leases.claim(IssueSession, session.pk)
        IssueSession.objects.filter(pk=session.pk).update(lease_owner="elsewhere:1:x")
    here = [queued(two).pk for _ in range(3)]
    assert started(two) == here[:2]


def test_a_running_session_takes_a_place_and_a_parked_or_ended_one_does_not():
    one = project()
    running, parked, ended, held = (queued(one, enqueued_at=timezone.now()) for _ in range(4))
    leases.claim(IssueSession, running.pk)
    IssueSession.objects.filter(pk=running.pk).update(enqueued_at=None)
    later = timezone.now() + timedelta(hours=1)
    IssueSession.objects.filter(pk=parked.pk).update(not_before=later, enqueued_at=None, status="in_progress")
    IssueSession.objects.filter(pk=ended.pk).update(status="failed", queued_at=None)
    IssueSession.objects.filter(pk=held.pk).update(status="needs_review", queued_at=None)
    assert free_places(one) == 1
    waiting = queued(one)
    assert started(one) == [waiting.pk]


def test_begun_sessions_come_before_pending_ones_and_those_by_age():
    one = project()
    now = timezone.now()
    old = queued(one, queued_at=now - timedelta(hours=3))
    begun = queued(one, status="in_progress", queued_at=now)
    queued(one, queued_at=now - timedelta(hours=1))
    assert started(one) == [begun.pk, old.pk]


def test_a_message_that_is_lost_is_sent_again_after_the_grace_time_and_not_before():
    one = project()
    session = queued(one)
    assert started(one) == [session.pk]
    assert started(one, after=ENQUEUE_GRACE - timedelta(seconds=5)) == []
    assert started(one, after=ENQUEUE_GRACE + timedelta(seconds=5)) == [session.pk]


def test_a_message_that_nobody_came_for_is_sent_again_at_each_tick_and_takes_no_second_place(monkeypatch):
    sent = []
    monkeypatch.setattr("automation.queue.async_task", lambda task, pk, **kwargs: sent.append(pk))
    one = project()
    session = queued(one)
    for after in (timedelta(), RESENT_AFTER - timedelta(seconds=5), RESENT_AFTER, RESENT_AFTER * 2):
        started(one, after=after)
    assert sent == [session.pk] * 3
    with later(RESENT_AFTER):
        assert free_places(one) == 1


def test_a_message_that_died_with_its_worker_is_not_waited_for():
    one = project()
    session = queued(one)
    now = timezone.now()
    handed_over, claimed_until = now - timedelta(seconds=60), now - timedelta(seconds=14)
    IssueSession.objects.update(enqueued_at=handed_over, lease_until=claimed_until, lease_owner="gone")
    assert started(one) == [session.pk]
    assert started(one) == [], "the new message is waited for"


def test_a_session_that_a_worker_holds_is_not_sent_again_and_one_of_a_dead_worker_is():
    one = project()
    session = queued(one, status="in_progress", enqueued_at=timezone.now() - timedelta(hours=1))
    leases.claim(IssueSession, session.pk)
    assert started(one) == []
    IssueSession.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert started(one) == [session.pk]


def test_a_parked_session_starts_when_its_time_has_come():
    one = project()
    session = queued(one, status="verifying", not_before=timezone.now() + timedelta(minutes=10))
    assert started(one) == []
    assert started(one, after=timedelta(minutes=11)) == [session.pk]


def test_automation_stopped_suspends_what_queued_itself_and_not_what_a_person_started():
    one = project()
    by_itself, by_person = queued(one, status="in_progress"), create_session(project=one)
    verbs.start(by_person, actor="ann")
    control.stop(one, actor="ann")
    assert started(one) == [by_person.pk]
    control.start(one, actor="ann")
    assert started(one) == [by_itself.pk]


def test_a_doubled_message_is_harmless(plain):
    number = plain.issue()
    plain.run()
    before = plain.footprint([number]), plain.session(number).events.count()
    assert [advance(plain.session(number).pk) for _ in range(2)] == [True, True]
    assert (plain.footprint([number]), plain.session(number).events.count()) == before


def test_without_auto_start_nothing_starts_until_a_person_says_so(plain):
    plain.change(auto_start=False)
    number = plain.issue()
    plain.run()
    assert (plain.session(number).status, plain.session(number).queued_at) == (Status.PENDING, None)
    verbs.start(plain.session(number), actor="ann")
    plain.run()
    assert plain.session(number).status == Status.PR_CREATED


@pytest.mark.parametrize("off", [{"auto_sync": False}, {"automation_enabled": False}])
def test_a_switch_that_is_off_keeps_from_syncing_until_a_person_asks(plain, off):
    plain.change(**off)
    plain.issue()
    assert tend(plain.project.pk)
    assert (IssueSession.objects.count(), plain.hub.requests) == (0, [])
    Project.objects.update(sync_requested_at=timezone.now())
    assert tend(plain.project.pk)
    assert IssueSession.objects.count() == 1


def test_a_pull_request_is_followed_while_automation_is_stopped(plain):
    number = plain.issue()
    plain.run()
    plain.change(automation_enabled=False)
    plain.hub.merge(plain.repo, plain.session(number).pr_number)
    IssueSession.objects.update(followed_at=None)
    tend(plain.project.pk)
    assert plain.session(number).status == Status.COMPLETED


def test_two_who_look_after_a_project_at_once_do_it_once(plain):
    plain.issue()
    lease = leases.claim(Project, plain.project.pk)
    assert tend(plain.project.pk) is False
    leases.release(lease)
    assert tend(plain.project.pk) is True
    first = IssueSession.objects.get().enqueued_at
    assert first
    assert tend(plain.project.pk) is True
    assert IssueSession.objects.get().enqueued_at == first
