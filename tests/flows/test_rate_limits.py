"""GitHub's rate limits: the session waits until the moment that GitHub names, and nobody asks before it."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from automation.demo.github import Fault
from automation.pipeline import advance
from automation.tend import tend
from issues.models import IssueSession
from projects.models import Credential
from tests.flows.test_github_faults import assert_published_once

pytestmark = pytest.mark.django_db(transaction=True)
LIST = r"/acme/calc/issues$"


@pytest.mark.parametrize(
    ("kind", "method", "path"),
    [
        ("primary", "GET", LIST),
        ("secondary", "GET", r"/issues/\d+$"),
        ("primary", "POST", r"/pulls$"),
        ("secondary", "POST", r"/issues/\d+/comments$"),
    ],
)
def test_within_a_rate_limit_no_request_is_sent(plain, kind, method, path):
    plain.hub.faults.append(Fault(kind, method=method, path=path, seconds=3))
    number = plain.issue()
    plain.run()
    retry_at = Credential.objects.get(pk=plain.project.credential_id).rate_retry_at
    assert retry_at is not None
    asked = len(calls(plain))
    plain.later()
    if timezone.now() < retry_at:
        assert len(calls(plain)) == asked
        assert plain.project_error() == "github.rate_limited"
    if path != LIST:
        assert plain.session(number).reason == "github.rate_limited"
        assert plain.session(number).not_before == retry_at
    time.sleep(max(0, (retry_at - timezone.now()).total_seconds()))
    plain.later()
    assert_published_once(plain, number)


def test_a_rate_limit_of_one_token_holds_up_no_other_project(plain, neighbour):
    plain.hub.faults.append(Fault("primary", path=r"/acme/calc$", seconds=600))
    plain.run()
    assert plain.project_error() == "github.rate_limited"
    assert plain.project.retry_at > timezone.now() + timedelta(minutes=9)


def test_a_secondary_limit_that_names_no_time_is_waited_out_for_a_minute(plain):
    plain.hub.faults.append(Fault("secondary", method="POST", path=r"/pulls$", seconds=60, announce=False))
    number = plain.issue()
    plain.run()
    session = plain.session(number)
    assert (session.status, session.reason, session.attempts) == ("verifying", "github.rate_limited", 0)
    assert timedelta(seconds=50) < session.not_before - timezone.now() < timedelta(seconds=70)


def test_what_is_left_of_the_hour_is_kept_for_publishing_and_following_and_people_see_who_waits(plain, token):
    plain.hub.faults.append(Fault("secondary", method="POST", path=r"/pulls$", seconds=1))
    number = plain.issue()
    plain.run()
    time.sleep(1.1)
    IssueSession.objects.update(not_before=None)
    plain.hub._gate.window(token).used = 4100  # by other programs
    for _ in range(2):
        asked = len(calls(plain))
        plain.change(last_synced_at=None, sync_requested_at=None, retry_at=None)
        assert tend(plain.project.pk)
    assert len(calls(plain)) == asked
    assert plain.project_error() == "github.rate_limited"
    assert (
        "900 are left, and these are kept for publishing, for what people ask" in plain.project.error_message
    )
    assert plain.project.retry_at < timezone.now() + timedelta(minutes=2)
    assert advance(plain.session(number).pk)
    assert_published_once(plain, number)
    plain.hub.merge(plain.repo, plain.session(number).pr_number)
    assert tend(plain.project.pk)
    assert (plain.session(number).status, plain.project_error()) == ("completed", "github.rate_limited")


def test_changes_beyond_githubs_budget_park_the_session_and_are_made_later(plain):
    made = timezone.now().timestamp() - 30
    Credential.objects.update(rate_changes=[made] * 80)
    number = plain.issue()
    plain.run()
    session = plain.session(number)
    assert (session.step, session.reason, session.attempts) == ("publish", "github.rate_limited", 0)
    assert timedelta(seconds=10) < session.not_before - timezone.now() < timedelta(seconds=31)
    assert [seen.method for seen in calls(plain) if seen.method != "GET"] == []
    Credential.objects.update(rate_changes=[made - 30] * 80)
    plain.later()
    assert_published_once(plain, number)


def calls(tale):
    return [seen for seen in tale.hub.requests if seen.kind == "api"]
