"""Looking up what an earlier try may have left, where GitHub's own lists are behind."""

from __future__ import annotations

import pytest

from automation.demo.github import Fault
from issues.states import Status
from projects.models import Credential
from tests.flows.test_github_faults import COMMENTS, PULLS, assert_published_once

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


@pytest.mark.parametrize("path", [PULLS, COMMENTS])
def test_what_an_account_under_a_new_name_has_sent_is_found_after_a_lost_answer(plain, path):
    plain.hub.faults.append(Fault("drop_after", path=path, method="POST"))
    number = plain.issue()
    Credential.objects.update(login="former-name")
    plain.run()
    plain.later()
    assert_published_once(plain, number)
    assert Credential.objects.get().login == "autowrkers-bot"


def test_with_the_token_of_another_account_an_open_pull_request_is_still_ours(plain, token):
    plain.hub.faults.append(Fault("answer", path=COMMENTS, method="POST", status=502, body="{}"))
    number = plain.issue()
    plain.run()
    plain.hub._gate.tokens[token] = "another-bot"
    plain.hub.repository(plain.repo).permissions["another-bot"] = "write"
    plain.hub.close(plain.repo, number)
    plain.later()
    assert (plain.session(number).status, len(plain.hub.pulls(plain.repo))) == (Status.PR_CREATED, 1)


def test_an_undisturbed_publish_asks_twice_only_what_costs_nothing_when_asked_again(plain):
    plain.issue()
    plain.run(rounds=2)
    plain.hub.requests.clear()
    number = plain.issue("another median")
    plain.run()
    asked = [seen for seen in plain.hub.requests if seen.path.endswith((f"/issues/{number}", "/user"))]
    assert [(seen.path.rpartition("/")[2], seen.status) for seen in asked] == [
        ("user", 304),
        (str(number), 200),
        (str(number), 304),
        (str(number), 304),
    ]
