"""Looking up what an earlier try may have left, where GitHub's own lists are behind."""

from __future__ import annotations

import pytest

from automation.demo.github import Fault
from tests.flows.test_github_faults import PULLS, assert_published_once

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_request_that_github_has_but_did_not_list_is_adopted_when_it_refuses_a_second(plain):
    unlisted = Fault("answer", path=PULLS, method="GET", status=200, body="[]", skip=1)
    plain.hub.faults += [Fault("drop_after", path=PULLS, method="POST"), unlisted]
    number = plain.issue()
    plain.run()
    plain.later()
    asked = [seen for seen in plain.hub.requests if (seen.method, seen.path[-6:]) == ("POST", "/pulls")]
    assert (unlisted.times, [seen.status for seen in asked]) == (0, [0, 422])
    assert_published_once(plain, number)
