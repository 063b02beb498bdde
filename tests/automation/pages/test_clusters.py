"""The Clusters page: hosts with slots, what waits, leases, quota and alerts, for superusers."""

from __future__ import annotations

import socket
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from automation import hosts
from automation.models import Alert, Host
from issues.models import IssueSession
from projects import leases
from tests.factories import create_credential, create_session, create_superuser

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(client):
    client.force_login(create_superuser())

    def look():
        text = client.get(reverse("admin:clusters")).content.decode()
        return " ".join(strip_tags(text.replace("<", " <")).split())

    return look


def test_an_installation_that_nobody_works_for_says_so_and_what_to_do(page):
    said = page()
    assert "No host was heard of yet." in said
    assert "The clock runs on no host." in said
    assert "manage.py run" in said


def test_hosts_slots_leases_quota_and_waiting_sessions_are_told(page):
    for part in hosts.PARTS:
        hosts.beat(part, has_begun=True)
    Host.objects.create(name="gone", slots=4, sessions_seen_at=timezone.now() - timedelta(minutes=5))
    create_session(queued_at=timezone.now() - timedelta(minutes=12))
    held = create_session(status="in_progress")
    leases.claim(IssueSession, held.pk)
    credential = create_credential(secret="canary-of-the-quota")
    credential.login, credential.rate_remaining, credential.rate_limit = "ada", 4321, 5000
    credential.save(update_fields=["login", "rate_remaining", "rate_limit"])
    said = page()
    assert "1 of 2 slots are free" in said
    assert "gone ✕ Dead Nothing is lost" in said
    assert "0 of 4" in said
    assert f"#{held.github_issue_number} {socket.gethostname()}" in said
    assert "due was queued 12 min" in said
    assert "ada 4,321 of 5,000" in said
    assert "canary" not in said


@pytest.mark.parametrize(
    ("minutes", "words"), [(10, "ada 0 of 5,000"), (-10, "ada nothing known to be used over")]
)
def test_of_an_hour_that_is_over_nothing_is_known_to_be_used(page, minutes, words):
    credential = create_credential()
    credential.login, credential.rate_remaining, credential.rate_limit = "ada", 0, 5000
    credential.rate_reset_at = timezone.now() + timedelta(minutes=minutes)
    credential.save(update_fields=["login", "rate_remaining", "rate_limit", "rate_reset_at"])
    assert words in page()


def test_open_alerts_are_shown_with_their_remedy_and_ended_ones_are_not(page):
    now = timezone.now()
    common = {"first_at": now, "last_at": now, "kind": "disk_low"}
    Alert.objects.create(subject="a", message="<b>Only 5 MB", remedy="Free some.", **common)
    Alert.objects.create(subject="b", message="Over long ago", ended_at=now, **common)
    said = page()
    assert "&lt;b&gt;Only 5 MB → Free some." in said
    assert "Over long ago" not in said


def test_what_it_asks_does_not_grow_with_what_there_is(page):
    with CaptureQueriesContext(connection) as few:
        page()
    for number in range(4):
        Host.objects.create(name=f"host {number}", sessions_seen_at=timezone.now())
        leases.claim(IssueSession, create_session(status="in_progress").pk)
    with CaptureQueriesContext(connection) as many:
        page()
    assert len(many) <= len(few) + 1  # who works is asked only where there are hosts


def test_a_clock_that_runs_ahead_makes_no_time_negative_and_an_unknown_disk_is_a_dash(page):
    Host.objects.create(name="ahead", sessions_seen_at=timezone.now() + timedelta(minutes=9))
    held = create_session(status="in_progress")
    leases.claim(IssueSession, held.pk)
    IssueSession.objects.update(lease_until=timezone.now() + timedelta(days=3))
    said = page()
    assert "sessions: 0 s ago – –" in said
    assert f"#{held.github_issue_number} {socket.gethostname()} 0 s ago" in said


def test_a_command_in_a_remedy_is_shown_as_code_and_nothing_else_of_it_as_html(page, client):
    now = timezone.now()
    common = {"first_at": now, "last_at": now, "kind": "clock_silent", "message": "m"}
    Alert.objects.create(subject="a", remedy="Use `a <b>` & wait.", **common)
    text = client.get(reverse("admin:clusters")).content.decode()
    assert "Use <code>a &lt;b&gt;</code> &amp; wait." in text
    assert "<code>python manage.py run</code> starts all parts" in text
    assert "`" not in text
