"""A worker that hangs while its heart goes on beating is given up, and the session goes on with another one."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import timedelta

import pytest
from django.db.models import F

from automation import overdue
from automation.pipeline import advance
from automation.tend import tend
from issues.models import IssueSession
from issues.states import Status
from tests.flows.workers import ROOT, product_environment

pytestmark = pytest.mark.django_db(transaction=True)
HANGS = """
import django; django.setup()
import time
from functools import partial
from automation import holding, overdue, pipeline
from issues.states import Step
holding.LAST_SECONDS = 1.0
overdue.PREPARE_SECONDS = 0.5
pipeline.STEPS[Step.PREPARE] = lambda session, env: time.sleep(600)
pipeline.Holding = partial(holding.Holding, renew_seconds=0.3)
print(pipeline.advance({pk}, handed_over=True))
"""


@pytest.fixture
def session(plain):
    number = plain.issue()
    tend(plain.project.pk)
    return plain.session(number)


def test_a_worker_that_hangs_with_a_beating_heart_ends_itself_and_its_session_goes_on(
    plain, session, settings
):
    began = time.monotonic()
    worker = subprocess.run(
        [sys.executable, "-c", HANGS.format(pk=session.pk)],
        cwd=ROOT,
        env=product_environment(settings),
        capture_output=True,
        text=True,
        timeout=40,
        check=False,
    )
    assert worker.returncode == 1, worker.stderr
    assert "outcome=overdue" in worker.stderr
    assert time.monotonic() - began < 40
    noted = session.events.get(reason=overdue.REASON)
    assert (noted.verb, noted.step) == ("noted", "prepare")
    assert advance(session.pk) is False  # until its lease has ended by itself
    IssueSession.objects.update(lease_until=F("lease_until") - timedelta(seconds=60))
    assert advance(session.pk)
    session.refresh_from_db()
    assert (session.status, session.attempts) == (Status.PR_CREATED, 0)


def test_a_step_that_hung_three_times_waits_for_a_person(plain, session):
    for _ in range(overdue.GIVEN_UP_AFTER):
        overdue.note_once(session.pk, "host")
    assert advance(session.pk)
    session.refresh_from_db()
    assert (session.status, session.reason) == (Status.NEEDS_REVIEW, "overdue")
    assert "start the session again" in session.last_error


@pytest.mark.parametrize(
    ("step", "minutes"), [("prepare", 90), ("work", 140), ("verify", 340), ("publish", 60)]
)
def test_what_a_step_may_take_is_beyond_all_its_own_limits(session, step, minutes):
    session.step = step
    assert overdue.allowed_seconds(session) == minutes * 60
