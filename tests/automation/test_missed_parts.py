"""Alerts about parts: whichever still lives tells of one that went without a word, whether on one host or on all."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from automation import alerts, hosts
from automation.heart import Heart
from automation.models import Alert, Host
from tests.factories import create_project

pytestmark = pytest.mark.django_db(transaction=True)


def opened():
    return [(alert.kind, alert.subject) for alert in Alert.objects.filter(ended_at=None).order_by("kind")]


@pytest.fixture
def host():
    for part in hosts.PARTS:
        hosts.beat(part)
    Host.objects.update(disk_free_bytes=2**40)
    return Host.objects.get()


def silent_for(minutes, *parts, **values):
    moment = timezone.now() - timedelta(minutes=minutes)
    Host.objects.filter(**values).update(**{f"{part}_seen_at": moment for part in parts})


def test_a_clock_that_went_without_a_word_is_told_by_a_cluster_that_lives(host, monkeypatch):
    silent_for(3, hosts.CLOCK)
    Heart(hosts.QUEUE).beat()
    assert opened() == [], "it has just started, maybe with all the others"
    monkeypatch.setattr(alerts, "SETTLED_SECONDS", 0.0)
    Heart(hosts.QUEUE).beat()
    assert opened() == [("clock_silent", "clock")]
    hosts.beat(hosts.CLOCK)
    Heart(hosts.QUEUE).beat()
    assert opened() == []


def test_after_an_outage_of_the_database_all_may_tell_of_themselves_before_any_is_missed(host, monkeypatch):
    monkeypatch.setattr(alerts, "SETTLED_SECONDS", 0.0)
    heart = Heart(hosts.QUEUE)
    monkeypatch.undo()

    def no_database(execute, sql, params, many, context):
        raise OperationalError("the database system is starting up")

    with connection.execute_wrapper(no_database):
        heart.beat()
    silent_for(3, hosts.CLOCK, hosts.SESSIONS)
    heart.beat()
    assert opened() == []


def test_a_part_that_took_its_leave_is_not_told_and_no_beat_on_its_way_says_otherwise(host):
    heart = Heart(hosts.SESSIONS)
    heart.beat()
    heart.leave()
    heart.beat()
    alerts.look()
    assert (opened(), Host.objects.get().sessions_seen_at) == ([], None)


def test_one_host_of_several_that_died_is_told_until_it_lives_again_or_is_forgotten(host):
    two = Host.objects.create(name="two", slots=8)
    silent_for(10, hosts.SESSIONS, name="two")
    alerts.look()
    alerts.look()
    assert opened() == [("cluster_stalled", "sessions on two")]
    message = Alert.objects.get().message
    assert f"of the host two has been silent since {timezone.now():%Y-%m-%d}" in message
    Host.objects.filter(pk=two.pk).update(sessions_seen_at=timezone.now())
    alerts.look()
    assert opened() == []
    silent_for(8 * 24 * 60, hosts.SESSIONS, name="two")
    alerts.look()
    assert opened() == [("cluster_stalled", "sessions on two")]
    hosts.forget_old()
    alerts.look()
    assert (opened(), Host.objects.filter(name="two").exists()) == ([], False)


def test_a_second_clock_that_is_not_to_come_back_is_forgotten_though_its_host_lives(host):
    hosts.beat(hosts.SESSIONS)
    Host.objects.create(name="two", clock_seen_at=timezone.now(), queue_seen_at=timezone.now())
    silent_for(8 * 24 * 60, hosts.CLOCK, name="two")
    alerts.look()
    assert opened() == [("clock_silent", "clock on two")]
    hosts.forget_old()
    alerts.look()
    assert (opened(), Host.objects.count()) == ([], 2)


def test_a_host_that_was_told_to_end_is_not_missed(host):
    Host.objects.create(name="two", is_draining=True)
    silent_for(10, hosts.SESSIONS, name="two")
    alerts.look()
    assert opened() == []


def test_a_cluster_that_takes_nothing_is_told_though_it_beats(host):
    create_project(tend_enqueued_at=timezone.now() - timedelta(minutes=3))
    alerts.look()
    assert opened() == [("cluster_stalled", "queue")]
