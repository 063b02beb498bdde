"""Leases: one holder at a time, by the database's clock."""

from __future__ import annotations

import subprocess
import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import DateTimeField, ExpressionWrapper
from django.db.models.functions import Now

from issues.models import IssueSession
from projects import leases
from tests.factories import create_session

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]


@pytest.fixture
def later(monkeypatch):
    """Let the lease clock jump ahead by so many seconds: `db_now` is the seam for that."""

    def jump(seconds):
        moved = ExpressionWrapper(Now() + timedelta(seconds=seconds), output_field=DateTimeField())
        monkeypatch.setattr(leases, "db_now", lambda: moved)

    return jump


def test_a_held_row_cannot_be_claimed_by_another():
    session = create_session()
    assert leases.claim(IssueSession, session.pk) is not None
    assert leases.claim(IssueSession, session.pk) is None


def test_a_released_row_can_be_claimed_again_with_a_higher_fence():
    session = create_session()
    first = leases.claim(IssueSession, session.pk)
    leases.release(first)
    second = leases.claim(IssueSession, session.pk)
    assert second.fence == first.fence + 1


def test_the_lease_of_a_process_of_this_host_that_is_gone_ends_at_once_and_no_other():
    session = create_session()
    lease = leases.claim(IssueSession, session.pk)
    assert leases.end_abandoned(IssueSession) == 0, "its holder lives"
    with subprocess.Popen(["true"]) as gone:
        pass
    host, mine, token = lease.owner.split(":")
    for owner in (f"elsewhere:{gone.pid}:{token}", f"{host}:{gone.pid}:1-{token}", f"{host}:{mine}:{token}"):
        IssueSession.objects.update(lease_owner=owner)
        assert leases.end_abandoned(IssueSession) == 0, owner
    IssueSession.objects.update(lease_owner=f"{host}:{gone.pid}:{token}")
    assert leases.end_abandoned(IssueSession) == 1
    assert leases.claim(IssueSession, session.pk).taken_over


def test_a_lease_that_was_not_renewed_for_45_seconds_can_be_taken_over(later):
    session = create_session()
    first = leases.claim(IssueSession, session.pk)
    later(44)
    assert leases.claim(IssueSession, session.pk) is None
    later(46)
    assert leases.claim(IssueSession, session.pk) is not None
    assert not leases.renew(first)
    assert not leases.update_held(first, reason="too late")


def test_a_renewed_lease_lasts_on(later):
    session = create_session()
    first = leases.claim(IssueSession, session.pk)
    later(30)
    assert leases.renew(first)
    later(60)
    assert leases.claim(IssueSession, session.pk) is None


def test_the_late_holder_cannot_release_the_new_holders_lease(later):
    session = create_session()
    first = leases.claim(IssueSession, session.pk)
    later(46)
    second = leases.claim(IssueSession, session.pk)
    leases.release(first)
    assert leases.renew(second)


def test_of_eight_workers_claiming_at_once_exactly_one_wins():
    session = create_session()
    gate, won = threading.Barrier(8), []

    def worker():
        gate.wait()
        lease = leases.claim(IssueSession, session.pk)
        if lease:
            won.append(lease)
        connection.close()

    threads = [threading.Thread(target=worker) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1


def test_a_claim_knows_whether_the_lease_was_given_back_or_had_run_out(later):
    session = create_session()
    first = leases.claim(IssueSession, session.pk)
    later(46)
    second = leases.claim(IssueSession, session.pk)
    leases.release(second)
    third = leases.claim(IssueSession, session.pk)
    assert [lease.taken_over for lease in (first, second, third)] == [False, True, False]
