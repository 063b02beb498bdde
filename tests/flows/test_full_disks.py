"""Disks that run full in the middle of a step: the session is parked, says so, and goes on when there is space."""

from __future__ import annotations

import subprocess
import sys

import pytest

from automation.tend import tend
from tests.flows.workers import ROOT, WORK, product_environment
from tests.sandboxes import require_sandbox

pytestmark = pytest.mark.django_db(transaction=True)
NO_GATE = "import django; django.setup(); from automation.steps import prepare; prepare.FREE_BYTES = 0; "
SMALL = 'mount -t tmpfs -o size={size} none "$0" && exec "$@"'


@pytest.fixture
def with_small_disk(settings):
    """Work on the session in a process to which that folder is a disk of that size, empty before and after."""
    require_sandbox("bubblewrap")  # the same right: namespaces of one's own

    def work(session, folder, size):
        folder.mkdir(exist_ok=True)
        script = NO_GATE + WORK.format(pk=session.pk)
        line = ["unshare", "--map-root-user", "--mount", "sh", "-c", SMALL.format(size=size), str(folder)]
        environment = product_environment(settings) | {"AUTOWRKERS_SANDBOX": "none"}
        done = subprocess.run(
            [*line, sys.executable, "-c", script],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    return work


@pytest.mark.parametrize(("place", "size"), [("WORKSPACE", "200k"), ("LOG", "4k")])
def test_a_disk_that_is_full_in_the_middle_parks_the_session_and_costs_no_attempt(
    plain, settings, with_small_disk, place, size
):
    number = plain.issue()
    tend(plain.project.pk)
    said = with_small_disk(plain.session(number), getattr(settings, f"AUTOWRKERS_{place}_ROOT"), size)
    session = plain.session(number)
    assert session.reason in ("disk", "git.disk"), said
    assert session.not_before is not None
    assert (session.status, session.attempts) == ("in_progress", 0)
    plain.later()
    session = plain.session(number)
    assert (session.status, session.attempts, session.last_error) == ("pr_created", 0, "")
    assert plain.footprint([number]) == ([f"feature/issue-{number}", "main"], 1, [1])
