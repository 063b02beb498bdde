"""A disk that runs low while something writes: it is ended before the disk is full, and goes on when there is room."""

from __future__ import annotations

import pytest

from automation.tend import tend
from tests.flows.conftest import CHECK, FIX
from tests.flows.small_disks import on_small_disk
from tests.flows.test_caps import WRITER
from tests.flows.workers import WORK

pytestmark = pytest.mark.django_db(transaction=True)
GATE = "import django; django.setup(); from projects.workspace import space; space.FREE_BYTES = 300 * 2**20; "


@pytest.mark.parametrize("writes", ["agent", "check"])
def test_what_still_runs_is_ended_before_the_disk_is_full_and_goes_on_when_there_is_room(
    plain, settings, writes
):
    if writes == "agent":
        plain.agent({"steps": [{"run": WRITER.format(mark="")}]})
    else:
        plain.change(verification_command=WRITER.format(mark=""))
    number = plain.issue()
    tend(plain.project.pk)
    script = GATE + WORK.format(pk=plain.session(number).pk)
    said = on_small_disk(script, settings.AUTOWRKERS_WORKSPACE_ROOT, "600m", settings)
    session = plain.session(number)
    assert (session.reason, session.attempts) == ("disk", 0), said
    assert session.not_before is not None
    plain.agent({"steps": FIX})
    plain.change(verification_command=CHECK)
    plain.later()
    session = plain.session(number)
    assert (session.status, session.attempts) == ("pr_created", 0)
