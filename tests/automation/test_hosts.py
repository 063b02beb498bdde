"""Hosts tell of themselves, and dispatch hands over what the live ones together can take."""

from __future__ import annotations

import socket
from datetime import timedelta

import pytest
from django.db.models import DateTimeField, ExpressionWrapper
from django.db.models.functions import Now
from django.utils import timezone

from automation import hosts
from automation.checks.queues import names
from automation.checks.situation import Situation
from automation.dispatch import free_places
from automation.models import Host
from issues.models import IssueSession
from projects import leases
from projects.workspace import trees
from tests.factories import create_project, create_session

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]


@pytest.fixture
def on(monkeypatch, settings):
    """Be another host, with so many slots."""

    def become(name, slots=2):
        monkeypatch.setattr(socket, "gethostname", lambda: name)
        settings.AUTOWRKERS_AGENT_SLOTS = slots

    return become


@pytest.fixture
def later(monkeypatch):
    def jump(seconds):
        moved = ExpressionWrapper(Now() + timedelta(seconds=seconds), output_field=DateTimeField())
        monkeypatch.setattr(leases, "db_now", lambda: moved)

    return jump


def places(project):
    return free_places(project)


def standing(name):
    return next(each for each in hosts.standings() if each.name == name)


def test_live_hosts_are_handed_as_many_sessions_as_they_have_free_slots_together(on):
    project = create_project(max_concurrent=50)
    for name, slots in (("one", 2), ("two", 3)):
        on(name, slots)
        hosts.beat(hosts.SESSIONS, has_begun=True)
    assert places(project) == 5
    leases.claim(IssueSession, create_session(status="in_progress").pk)  # by the host two
    assert [(each.name, each.running, each.free) for each in hosts.standings()] == [
        ("one", 0, 2),
        ("two", 1, 2),
    ]
    create_session(queued_at=timezone.now(), enqueued_at=timezone.now())
    assert places(project) == 3


def test_a_host_that_runs_more_than_it_has_slots_takes_nothing_from_the_others(on):
    on("small", 1)
    hosts.beat(hosts.SESSIONS)
    for _ in range(3):  # such as by a command
        leases.claim(IssueSession, create_session(status="in_progress").pk)
    on("other", 2)
    hosts.beat(hosts.SESSIONS)
    assert places(create_project(max_concurrent=50)) == 2


def test_a_host_that_was_silent_for_a_minute_counts_nothing(on, later):
    project = create_project(max_concurrent=50)
    on("dead", 4)
    hosts.beat(hosts.SESSIONS)
    later(55)
    on("alive", 2)
    hosts.beat(hosts.SESSIONS)
    assert places(project) == 6
    later(65)
    assert (places(project), standing("dead").dead_parts) == (2, ["sessions"])


def test_a_draining_host_and_one_without_a_cluster_of_sessions_count_nothing(on):
    on("draining", 4)
    hosts.beat(hosts.SESSIONS, is_draining=True)
    on("clock", 4)
    hosts.beat(hosts.CLOCK)
    on("left", 4)
    hosts.beat(hosts.SESSIONS)
    hosts.leave(hosts.SESSIONS)
    assert places(create_project(max_concurrent=50)) == 0
    assert (standing("clock").is_alive, standing("left").is_alive) == (True, False)


def test_before_any_host_was_heard_of_this_one_counts(on):
    on("here", 3)
    assert places(create_project(max_concurrent=50)) == 3


def test_a_host_not_heard_of_for_a_week_is_forgotten(on, later):
    on("old")
    hosts.beat(hosts.CLOCK)
    later(8 * 86_400)
    on("new")
    hosts.beat(hosts.QUEUE)
    hosts.forget_old()
    assert [host.name for host in Host.objects.all()] == ["new"]


def test_two_machines_that_speak_under_one_name_are_told_until_one_has_been_silent_for_a_minute(
    on, monkeypatch, later
):
    on("twin")
    hosts.beat(hosts.CLOCK)
    hosts.beat(hosts.SESSIONS)
    assert [message.id for message in names(Situation())] == ["autowrkers.D065"]
    monkeypatch.setattr(trees, "boot_id", lambda: "another machine's")
    hosts.beat(hosts.SESSIONS)
    hosts.beat(hosts.SESSIONS)
    (message,) = names(Situation())
    assert message.id == "autowrkers.E065"
    assert "under the name twin" in message.msg
    later(61)
    assert [message.id for message in names(Situation())] == ["autowrkers.D065"]


def test_a_machine_that_was_started_again_is_no_second_one(on, monkeypatch, later):
    on("alone")
    hosts.beat(hosts.CLOCK)
    later(61)
    monkeypatch.setattr(trees, "boot_id", lambda: "the next boot's")
    hosts.beat(hosts.CLOCK)
    assert not standing("alone").is_doubled
