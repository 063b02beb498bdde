"""The heartbeat enqueues what may have work, and no more than once until somebody takes it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from automation import hosts, stalls
from automation import tick as ticking
from automation.tend import tend
from projects import leases
from projects.models import Project
from tests.factories import create_project

pytestmark = pytest.mark.django_db(transaction=True)


def test_every_active_project_is_tended_and_an_archived_one_is_not():
    create_project()
    create_project(archived_at=timezone.now())
    assert ticking.tick() == 1


def test_a_message_that_nobody_takes_is_not_sent_again_until_it_must_be_lost():
    project = create_project()
    assert [ticking.tick(), ticking.tick()] == [1, 0]
    asked_at = timezone.now() - leases.DURATION
    Project.objects.update(tend_enqueued_at=asked_at)
    assert ticking.tick() == 1
    assert Project.objects.get().tend_enqueued_at == asked_at, "since when it waits is still to be told"
    tend(project.pk)
    Project.objects.update(retry_at=None)
    assert ticking.tick() == 1


def test_of_many_messages_of_the_tick_only_the_first_is_meant():
    project = create_project()
    assert tend(project.pk, project.fence)
    assert not tend(project.pk, project.fence)
    assert tend(project.pk), "what somebody asks for is done"


def test_nothing_is_sent_to_a_queue_that_no_worker_serves():
    create_project()
    hosts.beat(hosts.CLOCK)
    assert ticking.tick() == 0
    hosts.beat(hosts.QUEUE)
    assert ticking.tick() == 1


def test_a_message_that_died_with_its_worker_is_not_waited_for():
    create_project()
    assert ticking.tick() == 1
    lease = leases.claim(Project, Project.objects.get().pk, tend_enqueued_at=None)
    Project.objects.filter(lease.guard).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert [ticking.tick(), ticking.tick()] == [1, 0]


def test_a_project_that_somebody_tends_or_that_rests_is_left_alone():
    create_project(retry_at=timezone.now() + timedelta(minutes=1))
    held = create_project()
    leases.claim(Project, held.pk)
    assert ticking.tick() == 0


def test_a_project_that_rests_is_woken_by_a_wish_to_sync():
    create_project(retry_at=timezone.now() + timedelta(minutes=1), sync_requested_at=timezone.now())
    assert ticking.tick() == 1


def test_a_rest_that_was_set_while_the_clock_was_ahead_ends_when_the_clock_is_right_again():
    ahead = timezone.now() + timedelta(hours=1)
    create_project(last_tended_at=ahead, retry_at=ahead + timedelta(minutes=5))
    assert ticking.tick() == 1


def test_a_message_that_was_lost_while_the_clock_was_ahead_is_sent_again():
    create_project(tend_enqueued_at=timezone.now() + timedelta(hours=1))
    assert ticking.tick() == 1
    assert Project.objects.get().tend_enqueued_at <= timezone.now()


@pytest.mark.parametrize("statement", range(5))
def test_a_worker_that_comes_between_any_two_statements_of_a_tick_leaves_nothing_that_seems_to_wait(
    statement,
):
    """It takes an earlier message, and finds that GitHub is to be left alone for an hour."""
    project, hour = create_project(), timezone.now() + timedelta(hours=1)
    seen = []

    def come_between(execute, sql, params, many, context):
        if '"projects_project"' in sql:
            seen.append(sql)
            if len(seen) == statement + 1:
                lease = leases.claim(Project, project.pk, tend_enqueued_at=None)
                leases.release(lease, retry_at=hour, last_tended_at=timezone.now())
        return execute(sql, params, many, context)

    with connection.execute_wrapper(come_between):
        ticking.tick()
    assert len(seen) > statement
    assert not tend(project.pk, project.fence), "no message is meant any more"
    assert Project.objects.get().tend_enqueued_at is None
    assert stalls.untended_since(hour) is None


def test_a_tick_asks_as_often_for_many_projects_as_for_one():
    counts = []
    for _ in range(2):
        create_project()
        with CaptureQueriesContext(connection) as captured:
            ticking.tick()
        counts.append(len([query for query in captured if "projects_project" in query["sql"]]))
        for _ in range(5):
            create_project()
    assert counts[0] == counts[1]
