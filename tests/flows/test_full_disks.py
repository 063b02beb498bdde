"""Disks that run full in the middle of a step: the session is parked, says so, and goes on when there is space.

The worker is a process to which one folder is a small disk, which becomes larger afterwards.
"""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from django.conf import settings as product
from django.db import connection
from django.test import Client

from automation import pipeline
from automation.models import WebhookDelivery
from automation.pipeline import advance
from automation.tend import tend
from issues.models import IssueSession
from issues.states import Status
from projects.models import Project
from tests.factories import create_delivery, create_superuser
from tests.flows.small_disks import on_small_disk

pytestmark = pytest.mark.django_db(transaction=True)
WORK = """
import django; django.setup()
import subprocess, sys
from datetime import timedelta
from pathlib import Path
from automation import pipeline
from automation.pipeline import advance
from projects.workspace import space
from issues.models import IssueSession

def told():
    session = IssueSession.objects.get(pk={pk})
    print(session.status, session.step, session.reason, session.attempts, session.not_before is not None)
    for mirror in Path({workspace!r}, "mirrors").glob("*"):
        if (mirror / "HEAD").is_file():
            done = subprocess.run(["git", "-C", mirror, "fsck", "--full", "--strict"], capture_output=True)
            assert done.returncode == 0, done.stderr

space.FREE_BYTES = 0
assert advance({pk})
told()
subprocess.run(["mount", "-o", "remount,size=200m", {folder!r}], check=True)
IssueSession.objects.update(not_before=None)
assert advance({pk})
told()
"""


@pytest.fixture
def with_small_disk(settings):
    """Work on the session twice, before and after the disk is large enough; answers what was told of it each time."""

    def work(session, folder, size):
        workspace = str(product.AUTOWRKERS_WORKSPACE_ROOT)
        script = WORK.format(pk=session.pk, workspace=workspace, folder=str(folder))
        return on_small_disk(script, folder, size, settings).splitlines()[-2:]

    return work


@pytest.mark.parametrize(
    ("place", "size"),
    [("WORKSPACE", "60k"), ("WORKSPACE", "100k"), ("WORKSPACE", "200k"), ("LOG", "4k")],
    ids=["in the mirror", "in the clone", "under the agent", "in the log"],
)
def test_a_disk_that_is_full_in_the_middle_parks_the_session_spoils_no_mirror_and_costs_no_attempt(
    plain, settings, with_small_disk, place, size
):
    number = plain.issue()
    tend(plain.project.pk)
    folder = getattr(settings, f"AUTOWRKERS_{place}_ROOT")
    parked, done = with_small_disk(plain.session(number), folder, size)
    status, _, reason, attempts, is_parked = parked.split()
    assert (status, reason in ("disk", "git.disk"), attempts, is_parked) == ("in_progress", True, "0", "True")
    assert done == "pr_created follow published 0 False"
    assert plain.footprint([number]) == ([f"feature/issue-{number}", "main"], 1, [1])


LOOK_AFTER = """
import django; django.setup()
from pathlib import Path
from automation.tend import tend
from projects.models import Project
project = Project.objects.get()
kept = project.mirror_path / "refs/autowrkers/keep"
kept.mkdir(parents=True)
(kept / "{pk}").touch()  # the clearing of which needs the mirror's lock
try:
    for number in range(1000):
        Path({folder!r}, f"filling {{number}}").touch()
except OSError:
    pass
try:
    tend(project.pk)
except OSError:
    pass
"""


def test_a_disk_that_is_full_while_a_project_is_looked_after_is_told_as_one_and_is_no_bug(plain, settings):
    number = plain.issue()
    tend(plain.project.pk)
    session = plain.session(number)
    IssueSession.objects.filter(pk=session.pk).update(status=Status.COMPLETED)
    delivery = create_delivery(project=plain.project, event="issues", state=WebhookDelivery.State.RECEIVED)
    folder = settings.AUTOWRKERS_WORKSPACE_ROOT
    on_small_disk(LOOK_AFTER.format(pk=session.pk, folder=str(folder)), folder, "1m,nr_inodes=20", settings)
    project = Project.objects.get()
    assert (project.error_code, "no space left for" in project.error_message) == ("disk", True)
    delivery.refresh_from_db()
    assert delivery.state != WebhookDelivery.State.FAILED


@pytest.fixture
def full_database():
    """`full_database()`: nothing that needs more room than there is can be stored by this process until the end."""
    if connection.vendor != "sqlite":
        pytest.skip("SQLite alone has a limit of its own that a test may set")

    @contextmanager
    def full():
        with connection.cursor() as cursor:
            cursor.execute("VACUUM")
            pages = cursor.execute("PRAGMA page_count").fetchone()[0]
            cursor.execute(f"PRAGMA max_page_count = {pages}")
            try:
                yield
            finally:
                cursor.execute("PRAGMA max_page_count = 4294967294")

    return full


def test_a_full_database_loses_nothing_answers_pages_and_all_goes_on_when_there_is_space(
    plain, neighbour, full_database, monkeypatch
):
    number = plain.issue(body="See calc/averages.py. " * 250)
    tend(plain.project.pk)
    client = Client(raise_request_exception=False)
    client.force_login(create_superuser())
    run, codes = pipeline.STEPS["work"], []

    def meanwhile_full(session, env):
        with full_database():
            codes.append(client.get("/admin/").status_code)
            codes.append(client.post("/admin/login/", {"username": "x" * 150, "password": "y"}).status_code)
            return run(session, env)

    with monkeypatch.context() as full:
        full.setitem(pipeline.STEPS, "work", meanwhile_full)
        advance(plain.session(number).pk)
    assert [code < 500 or code == 503 for code in codes] == [True, True], codes
    session = plain.session(number)
    assert (session.status, session.step, session.reason, session.attempts) == (
        "in_progress",
        "work",
        "disk",
        0,
    )
    assert "no space left for the database" in session.last_error
    assert (session.lease_until, session.attempt_rows.count()) == (None, 0)
    plain.later()
    session = plain.session(number)
    assert (session.status, session.attempts, session.last_error) == (Status.PR_CREATED, 0, "")
    assert plain.footprint([number]) == ([f"feature/issue-{number}", "main"], 1, [1])
