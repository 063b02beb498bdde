"""What GitHub takes in changes: a redelivery is no content, and whoever can wait leaves half of it to publishing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from projects.github import quota
from projects.github.errors import GitHubRateLimited
from projects.github.quota import CredentialMeter
from projects.github.ratelimit import Priority
from projects.models import Credential

pytestmark = pytest.mark.django_db


@pytest.fixture
def credential():
    return Credential.objects.for_secret(kind="token", api_url="https://api.github.com", secret="ghp_x")


@pytest.fixture
def meter(credential):
    """Another process each time it is called."""

    def make(priority, *, interval_seconds=0):
        return CredentialMeter(credential.pk, priority=priority, interval_seconds=interval_seconds)

    return make


@pytest.fixture
def slept(monkeypatch):
    found = []
    monkeypatch.setattr(quota.time, "sleep", found.append)
    return found


def kept_out(meter, **options):
    """The priorities of which a change is held up alone."""
    found = []
    for priority in Priority:
        try:
            meter(priority).admit("POST", **options)
        except GitHubRateLimited as refusal:
            found.append((priority.name, refusal.is_reserve))
    return found


@pytest.mark.parametrize(("made", "seconds"), [(40, 60), (250, 3600)])
def test_of_each_budget_of_changes_half_is_kept_for_those_who_come_first(meter, made, seconds):
    began = timezone.now().timestamp() - seconds + 20
    Credential.objects.update(rate_changes=[began + each * (seconds - 30) / made for each in range(made)])
    with pytest.raises(GitHubRateLimited, match="kept for publishing") as caught:
        meter(Priority.SYNC).admit("POST")
    assert abs(caught.value.retry_at.timestamp() - began - seconds) < 1
    assert kept_out(meter) == [("SYNC", True), ("BACKFILL", True)]
    meter(Priority.SYNC).admit("GET")


def test_a_redelivery_is_no_content_and_is_a_second_away_from_other_changes(credential, meter, slept):
    Credential.objects.update(rate_changes=[timezone.now().timestamp() - 10] * 80)
    for _ in range(2):
        meter(Priority.SYNC, interval_seconds=1).admit("POST", makes_content=False)
    credential.refresh_from_db()
    assert slept == pytest.approx([1], abs=0.3)
    assert len(credential.rate_changes) == 80
    with pytest.raises(GitHubRateLimited, match="as much as GitHub allows"):
        meter(Priority.PUBLISH).admit("POST")


def test_changes_that_can_wait_leave_half_the_points_of_a_minute(meter):
    minute = timezone.now().replace(second=0, microsecond=0)
    Credential.objects.update(rate_minute=minute + timedelta(minutes=1), rate_points=225)
    assert kept_out(meter, makes_content=False) == [("SYNC", True), ("BACKFILL", True)]
    meter(Priority.SYNC).admit("GET")


def test_changes_that_can_wait_stand_in_no_long_queue_before_publishing(meter, slept):
    for _ in range(2):
        meter(Priority.SYNC, interval_seconds=1).admit("POST", makes_content=False)
    with pytest.raises(GitHubRateLimited, match="go first") as caught:
        meter(Priority.SYNC, interval_seconds=1).admit("POST", makes_content=False)
    assert caught.value.is_reserve
    meter(Priority.PUBLISH, interval_seconds=1).admit("POST")
    assert max(slept) <= 3
