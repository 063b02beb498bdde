"""The scene shows every state that people meet."""

from __future__ import annotations

import pytest

from automation.models import WebhookDelivery
from automation.webhooks import inbox
from issues.models import Attempt, IssueSession
from issues.states import Status
from tests.scene import fill


@pytest.fixture
def world(db, settings, tmp_path):
    settings.AUTOWRKERS_WORKSPACE_ROOT = tmp_path / "workspace"
    settings.AUTOWRKERS_LOG_ROOT = tmp_path / "logs"
    return fill()


def test_every_status_is_there_and_each_attempt_has_a_transcript(world):
    assert set(IssueSession.objects.values_list("status", flat=True)) == set(Status)
    assert all(attempt.transcript_path.stat().st_size > 0 for attempt in Attempt.objects.all())
    report = world.session(world.payments, 128)
    assert report.head_sha != report.base_sha


def test_deliveries_of_every_end_are_there_in_the_form_that_they_are_kept_in(world):
    rows = WebhookDelivery.objects.all()
    assert set(rows.values_list("state", flat=True)) == set(WebhookDelivery.State)
    assert {row.event for row in rows} <= set(inbox.EVENTS)
    known = {"repository_id", "repository", "hook_id", "issue", "pulls", "shas", "branches"}
    assert all(set(row.payload) <= known for row in rows)
    assert all((row.processed_at is None) == (row.state == "received") for row in rows)
