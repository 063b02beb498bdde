"""Holding a lease: renewed while it works, given up in time when it cannot be, and requests are noticed."""

from __future__ import annotations

import threading
import time

import pytest
from django.db import OperationalError

from automation.holding import LOST, REQUESTED, Heartbeat, Holding
from issues import verbs
from issues.models import IssueSession
from projects import leases
from tests.factories import create_session

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]


@pytest.fixture
def lease():
    return leases.claim(IssueSession, create_session(status="in_progress").pk)


def test_a_lease_is_renewed_while_it_is_held_and_released_afterwards(lease):
    with Holding(lease, renew_seconds=0.05) as holding:
        first = IssueSession.objects.get().lease_until
        holding.stop.wait(0.4)
        assert IssueSession.objects.get().lease_until > first
        assert not holding.stop.is_set()
    assert IssueSession.objects.get().lease_until is None


def test_whoever_was_frozen_is_stopped_before_the_watch_has_woken(lease, monkeypatch):
    holding = Holding(lease)  # its threads have not even begun
    assert not holding.stop.is_set()
    now = time.monotonic()
    monkeypatch.setattr("automation.holding.time.monotonic", lambda: now + 600)
    assert (holding.stop.is_set(), holding.stop.reason) == (True, LOST)
    assert holding.is_lost, "else its worker would begin the step again and again"


def test_a_lease_that_somebody_else_took_stops_the_work_and_stays_theirs(lease):
    with Holding(lease, renew_seconds=0.05) as holding:
        IssueSession.objects.update(fence=lease.fence + 1, lease_owner="another")
        assert holding.stop.wait(5)
        assert (holding.stop.reason, holding.is_lost) == (LOST, True)
    assert IssueSession.objects.get().lease_owner == "another"


def test_a_request_of_a_person_is_noticed_and_the_lease_kept(lease):
    with Holding(lease, renew_seconds=0.05) as holding:
        verbs.stop(IssueSession.objects.get(), actor="ann")
        assert holding.stop.wait(5)
        assert (holding.stop.reason, holding.is_lost) == (REQUESTED, False)


def test_a_sign_of_life_is_told_with_the_next_renewal_and_silence_is_not(lease):
    with Holding(lease, renew_seconds=0.05) as holding:
        holding.hear()
        holding.stop.wait(0.4)
        first = IssueSession.objects.get().heard_at
        holding.stop.wait(0.4)
        assert IssueSession.objects.get().heard_at == first is not None
        holding.hear()
        holding.stop.wait(0.4)
        assert IssueSession.objects.get().heard_at > first


def test_a_sign_of_life_that_the_database_did_not_take_is_told_later(lease, monkeypatch):
    renew, failures = leases.renew, [OperationalError("database is locked")]

    def moody(lease, **values):
        if failures and values:
            raise failures.pop()
        return renew(lease, **values)

    monkeypatch.setattr(leases, "renew", moody)
    with Holding(lease, renew_seconds=0.05) as holding:
        holding.hear()
        holding.stop.wait(0.6)
    assert not failures
    assert IssueSession.objects.get().heard_at is not None


def test_a_database_that_hangs_does_not_keep_the_work_going_past_its_time(lease, monkeypatch):
    released = threading.Event()
    monkeypatch.setattr(leases, "renew", lambda lease: released.wait(10))
    began = time.monotonic()
    with Heartbeat(lease, renew_seconds=0.05, give_up_seconds=0.5) as heartbeat:
        assert heartbeat.stop.wait(5)
        assert time.monotonic() - began < 2
        assert heartbeat.is_lost
        released.set()


def test_a_database_that_fails_for_a_moment_is_asked_again(lease, monkeypatch):
    renew, failures = leases.renew, [OperationalError("database is locked")]

    def moody(lease):
        if failures:
            raise failures.pop()
        return renew(lease)

    monkeypatch.setattr(leases, "renew", moody)
    with Heartbeat(lease, renew_seconds=0.05) as heartbeat:
        heartbeat.stop.wait(0.5)
        assert not heartbeat.stop.is_set()
    assert not failures
