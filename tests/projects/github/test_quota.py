"""One quota per credential: what one process learns, all others keep to, and each priority leaves the next its part."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.utils import timezone
from requests.structures import CaseInsensitiveDict

from automation.demo.github import Fault
from projects.connection import connect
from projects.errors import OperatorError
from projects.github import quota
from projects.github.errors import GitHubRateLimited
from projects.github.quota import CredentialMeter, is_low
from projects.github.ratelimit import Priority
from projects.models import Credential
from tests.linking import link

pytestmark = pytest.mark.django_db


@pytest.fixture
def credential():
    return Credential.objects.for_secret(kind="token", api_url="https://api.github.com", secret="ghp_x")


@pytest.fixture
def meter(credential):
    """Another process each time it is called."""

    def make(priority=Priority.SYNC, **options):
        return CredentialMeter(credential.pk, priority=priority, **{"interval_seconds": 0} | options)

    return make


@pytest.fixture
def slept(monkeypatch):
    found = []
    monkeypatch.setattr(quota.time, "sleep", found.append)
    return found


def told(remaining=4000, *, limit=5000, minutes=30, **others):
    named = {name.replace("_", "-"): str(value) for name, value in others.items()}
    reset = int((timezone.now() + timedelta(minutes=minutes)).timestamp())
    limits = {"x-ratelimit-limit": limit, "x-ratelimit-remaining": remaining, "x-ratelimit-reset": reset}
    return CaseInsensitiveDict({name: str(value) for name, value in limits.items()} | named)


def learn(meter, headers, *, limited=False, method="GET"):
    meter.admit(method)
    meter.note(method, headers, limited=limited)


def is_let_out(meter):
    try:
        meter.admit("GET")
    except GitHubRateLimited:
        return False
    return True


def left(credential):
    credential.refresh_from_db()
    return credential.rate_remaining


@pytest.mark.services
def test_what_one_process_is_told_another_keeps_to_before_its_next_request(credential, meter):
    other = meter()
    other.admit("GET")
    with pytest.raises(GitHubRateLimited) as told_first:
        learn(meter(), told(retry_after=90), limited=True)
    with pytest.raises(GitHubRateLimited) as told_second:
        other.admit("GET")
    credential.refresh_from_db()
    assert told_first.value.retry_at == told_second.value.retry_at == credential.rate_retry_at
    assert is_low(credential)


@pytest.mark.services
def test_a_late_good_answer_lifts_no_refusal_and_fills_up_no_hour(credential, meter):
    late, refused = meter(), meter()
    late.admit("GET")
    with pytest.raises(GitHubRateLimited):
        learn(refused, told(0), limited=True)
    late.note("GET", told(17), limited=False)
    assert left(credential) == 0
    with pytest.raises(GitHubRateLimited):
        late.admit("GET")


@pytest.mark.services
def test_within_an_hour_less_and_less_is_left_and_the_next_hour_begins_anew(credential, meter):
    learn(meter(), told(3000))
    for remaining, minutes, expected in (
        (2990, 30, 2990),
        (2995, 30, 2990),
        (4999, -30, 2990),
        (4998, 90, 4998),
    ):
        learn(meter(), told(remaining, minutes=minutes))
        assert left(credential) == expected
    learn(meter(), told(1, minutes=90, x_ratelimit_resource="search"))
    assert left(credential) == 4998


def test_requests_that_were_out_together_count_as_one_refusal(credential, meter):
    out = [meter() for _ in range(5)]
    for one in out:
        one.admit("GET")
    for one in out:
        with pytest.raises(GitHubRateLimited):
            one.note("GET", told(), limited=True)
    credential.refresh_from_db()
    assert credential.rate_refusals == 1


@pytest.mark.django_db(transaction=True)
def test_a_refusal_is_not_lost_with_the_connection_that_was_to_store_it(credential, meter, monkeypatch):
    first, breaks, refuse = meter(), ["once"], CredentialMeter._refuse

    def refuse_or_break(self, until):
        if breaks:
            raise OperationalError(breaks.pop())
        return refuse(self, until)

    monkeypatch.setattr(CredentialMeter, "_refuse", refuse_or_break)
    with pytest.raises(GitHubRateLimited):
        learn(first, told(retry_after=90), limited=True)
    assert not breaks
    assert not is_let_out(meter())


def test_limits_that_name_no_time_are_waited_for_longer_and_longer_until_an_hour_was_good(credential, meter):
    pauses = []
    for _ in range(8):
        now = timezone.now()
        with pytest.raises(GitHubRateLimited) as caught:
            learn(meter(), told(), limited=True)
        pauses.append((caught.value.retry_at - now).total_seconds())
        Credential.objects.update(rate_retry_at=now - timedelta(seconds=1))
    doubled = [min(60 * 2**refusals, 3600) for refusals in range(8)]
    assert all(least - 1 < pause < least * 1.1 + 1 for least, pause in zip(doubled, pauses, strict=True))
    Credential.objects.update(rate_retry_at=timezone.now() - timedelta(minutes=61))
    with pytest.raises(GitHubRateLimited) as caught:
        learn(meter(), told(), limited=True)
    assert caught.value.retry_at - timezone.now() < timedelta(seconds=70)


@pytest.mark.parametrize(
    ("remaining", "may"),
    [
        (2501, "PUBLISH PEOPLE FOLLOW SYNC BACKFILL"),
        (2500, "PUBLISH PEOPLE FOLLOW SYNC"),
        (1000, "PUBLISH PEOPLE FOLLOW"),
        (500, "PUBLISH PEOPLE"),
        (250, "PUBLISH"),
        (5, ""),
    ],
)
def test_each_priority_leaves_its_part_of_the_hour_to_those_before_it(meter, remaining, may):
    learn(meter(), told(remaining))
    allowed = [priority.name for priority in Priority if is_let_out(meter(priority))]
    assert " ".join(allowed) == may


def test_a_reserve_ends_with_the_hour(credential, meter):
    learn(meter(), told(900))
    words = (
        "Of 5,000 requests an hour 900 are left, and these are kept for publishing, for what people ask for"
    )
    with pytest.raises(GitHubRateLimited, match=words) as caught:
        meter().admit("GET")
    credential.refresh_from_db()
    assert caught.value.is_reserve
    assert caught.value.retry_at == credential.rate_reset_at
    assert is_low(credential)
    assert not is_low(credential, credential.rate_reset_at)
    Credential.objects.update(rate_reset_at=timezone.now() - timedelta(seconds=1))  # SQLite cuts its clock
    meter().admit("GET")


@pytest.mark.services
def test_changes_of_all_processes_are_a_second_apart(meter, slept):
    for _ in range(3):
        meter(Priority.PUBLISH, interval_seconds=1).admit("POST")
    assert slept == pytest.approx([1, 2], abs=0.3)
    meter(interval_seconds=1).admit("GET")
    assert len(slept) == 2


def test_nobody_waits_in_a_worker_for_more_than_three_seconds(meter, slept):
    for _ in range(4):
        meter(Priority.PUBLISH, interval_seconds=1).admit("POST")
    with pytest.raises(GitHubRateLimited, match="go first") as caught:
        meter(Priority.PUBLISH, interval_seconds=1).admit("POST")
    assert max(slept) <= 3
    assert timedelta(seconds=3) < caught.value.retry_at - timezone.now() < timedelta(seconds=10)


def test_what_was_written_while_the_clock_was_ahead_keeps_nobody_waiting(credential, meter, slept):
    ahead = timezone.now() + timedelta(hours=1)
    written = {"rate_change_at": ahead, "rate_minute": ahead, "rate_points": 450}
    Credential.objects.filter(pk=credential.pk).update(**written)
    learn(meter(interval_seconds=1), told(), method="POST")
    credential.refresh_from_db()
    assert slept == []
    assert credential.rate_change_at < ahead


def test_a_refusal_that_came_while_a_change_waited_its_turn_stops_it(credential, meter, monkeypatch):
    meter(interval_seconds=1).admit("POST")
    refused = Credential.objects.filter(pk=credential.pk)
    until = timezone.now() + timedelta(minutes=1)
    monkeypatch.setattr(quota.time, "sleep", lambda _: refused.update(rate_retry_at=until))
    with pytest.raises(GitHubRateLimited):
        meter(interval_seconds=1).admit("POST")


@pytest.mark.parametrize(("made", "seconds"), [(80, 60), (500, 3600)])
def test_changes_beyond_githubs_budget_wait_until_the_oldest_is_forgotten(credential, meter, made, seconds):
    began = timezone.now().timestamp() - seconds + 20
    Credential.objects.update(rate_changes=[began + each * (seconds - 30) / made for each in range(made)])
    with pytest.raises(GitHubRateLimited, match="as much as GitHub allows") as caught:
        meter(Priority.PUBLISH).admit("POST")
    assert abs(caught.value.retry_at.timestamp() - began - seconds) < 1
    meter().admit("GET")
    Credential.objects.update(rate_changes=[began - 20 for _ in range(made)])
    meter(Priority.PUBLISH).admit("POST")
    credential.refresh_from_db()
    assert len(credential.rate_changes) == (81 if seconds == 60 else 1)


def test_more_points_than_github_allows_in_a_minute_wait_for_the_next(credential, meter):
    minute = timezone.now().replace(second=0, microsecond=0)
    learn(meter(), told())
    learn(meter(), told(), method="POST")
    credential.refresh_from_db()
    if credential.rate_minute == minute:
        assert credential.rate_points == 6
    Credential.objects.update(rate_minute=minute + timedelta(minutes=1), rate_points=450)
    with pytest.raises(GitHubRateLimited, match="in a minute") as caught:
        meter(Priority.PUBLISH).admit("GET")
    assert caught.value.retry_at == minute + timedelta(minutes=2)


def test_a_withdrawn_token_sends_nothing(credential, meter):
    credential.delete()
    with pytest.raises(OperatorError, match="withdrawn"):
        meter().admit("GET")


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_after_a_refusal_no_thread_of_any_client_asks_before_the_time(hub, settings, token):
    project = link(hub, settings, token)
    clients = [connect(project) for _ in range(6)]
    hub.faults.append(Fault("secondary", seconds=2))
    with pytest.raises(GitHubRateLimited):
        clients[0].get_login()
    until = Credential.objects.get(pk=project.credential_id).rate_retry_at
    counts = {"refused": 0, "answered": 0}

    def keep_asking(client):
        while timezone.now() < until + timedelta(seconds=0.5):
            try:
                client.get_login()
                counts["answered"] += 1
            except GitHubRateLimited:
                counts["refused"] += 1
            quota.time.sleep(0.02)
        connection.close()

    threads = [threading.Thread(target=keep_asking, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [seen.status for seen in hub.requests if seen.at < until] == [403]
    assert counts["refused"] > 10
    assert counts["answered"] > 0
