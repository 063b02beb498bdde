from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
import requests

from automation.demo.github import Fault, StandIn


def test_a_wrong_or_missing_token_is_refused(hub, api, token):
    bad = api.ask("GET", "//user", headers={"Authorization": "Bearer wrong"})
    assert (bad.status_code, bad.json()["message"]) == (401, "Bad credentials")
    assert requests.get(f"{hub.api_url}/user", timeout=10).json()["message"] == "Requires authentication"
    for header in (f"token {token}", f"Bearer {token}"):
        assert api.ask("GET", "//user", headers={"Authorization": header}).json()["login"] == "autowrkers-bot"


def test_an_unknown_or_hidden_repository_is_not_found(hub, api):
    assert api.ask("GET", "//repos/acme/missing").json()["message"] == "Not Found"
    hub.create_repository("acme/secret", private=True)
    assert api.ask("GET", "//repos/acme/secret").status_code == 200
    hub.permit("acme/secret", "autowrkers-bot", "none")
    assert api.ask("GET", "//repos/acme/secret").status_code == 404


def test_a_repository_says_what_the_token_may_do(hub, api):
    shown = api.ask("GET").json()
    assert (shown["default_branch"], shown["permissions"]["push"]) == ("main", True)
    assert api.ask("GET", f"//repositories/{shown['id']}").json() == shown
    hub.permit("acme/calc", "autowrkers-bot", "read")
    assert api.ask("GET").json()["permissions"]["push"] is False
    assert [branch["name"] for branch in api.ask("GET", "/branches").json()] == ["main"]


def test_an_archived_repository_is_read_only(hub, api):
    hub.create_issue("acme/calc", "a")
    hub.repository("acme/calc").archived = True
    assert api.ask("GET", "/issues/1").status_code == 200
    assert api.ask("POST", "/issues/1/comments", json={"body": "x"}).status_code == 403


def test_an_unchanged_answer_is_304_and_costs_nothing(hub, api):
    hub.create_issue("acme/calc", "a")
    first = api.ask("GET", "/issues/1")
    again = api.ask("GET", "/issues/1", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["X-RateLimit-Remaining"] == first.headers["X-RateLimit-Remaining"] == "4999"
    hub.edit_issue("acme/calc", 1, title="b")
    changed = api.ask("GET", "/issues/1", headers={"If-None-Match": first.headers["ETag"]})
    assert (changed.status_code, changed.headers["X-RateLimit-Remaining"]) == (200, "4998")


def test_the_hourly_limit_refuses_until_it_resets(tmp_path, token):
    now = datetime(2026, 1, 1, tzinfo=UTC)
    with StandIn({token: "bot"}, root=tmp_path, clock=lambda: now, limit=2) as hub:
        headers = {"Authorization": f"Bearer {token}"}
        with requests.Session() as session:
            codes = [session.get(f"{hub.api_url}/user", headers=headers).status_code for _ in range(3)]
            assert codes == [200, 200, 403]
            rate = session.get(f"{hub.api_url}/rate_limit", headers=headers).json()["rate"]
            assert rate["remaining"] == 0
            assert rate["reset"] == int((now + timedelta(hours=1)).timestamp())
            now += timedelta(hours=1)
            assert session.get(f"{hub.api_url}/user", headers=headers).status_code == 200


def test_a_primary_limit_says_when_it_ends(hub, api):
    hub.faults.append(Fault("primary", path="/issues", seconds=90))
    for path in ("/issues", ""):
        refused = api.ask("GET", path)
        assert refused.status_code == 403
        assert "API rate limit exceeded" in refused.json()["message"]
        assert refused.headers["X-RateLimit-Remaining"] == "0"
        assert 80 < int(refused.headers["X-RateLimit-Reset"]) - time.time() <= 90


@pytest.mark.parametrize("announce", [True, False])
def test_a_secondary_limit_may_keep_silent_about_its_end(hub, api, announce):
    hub.faults.append(Fault("secondary", seconds=60, announce=announce))
    refused = api.ask("GET")
    assert (refused.status_code, "secondary rate limit" in refused.json()["message"]) == (403, True)
    assert refused.headers["X-RateLimit-Remaining"] == "5000"
    assert ("Retry-After" in refused.headers) is announce


def test_a_lost_answer_has_acted_and_a_lost_request_has_not(hub, api):
    hub.create_issue("acme/calc", "a")
    for action, comments in (("drop_before", 0), ("drop_after", 1)):
        hub.faults.append(Fault(action, path="/comments$", method="POST"))
        with pytest.raises(requests.ConnectionError):
            api.ask("POST", "/issues/1/comments", json={"body": "x"})
        assert len(hub.comments("acme/calc", 1)) == comments
    assert [exchange.status for exchange in hub.requests] == [0, 0]


def test_faults_hit_what_they_match_as_often_as_they_say(hub, api):
    hub.faults.append(Fault("answer", path="/issues$", status=503, body="{}", times=2, skip=1))
    codes = [api.ask("GET", path).status_code for path in ("/issues", "", "/issues", "/issues", "/issues")]
    assert codes == [200, 200, 503, 503, 200]


def test_answers_may_be_html_or_cut_short_or_slow(hub, api):
    hub.faults += [Fault("html"), Fault("malformed"), Fault("delay", seconds=0.2)]
    page, cut = api.ask("GET"), api.ask("GET")
    assert (page.status_code, page.headers["Content-Type"]) == (502, "text/html")
    with pytest.raises(requests.JSONDecodeError):
        cut.json()
    began = time.monotonic()
    assert api.ask("GET").status_code == 200
    assert time.monotonic() - began >= 0.2


def test_a_token_can_be_revoked_in_the_middle_and_granted_again(hub, api, token):
    hub.faults.append(Fault("revoke", path="/issues"))
    assert [api.ask("GET", path).status_code for path in ("", "/issues", "")] == [200, 401, 401]
    hub.grant(token, "autowrkers-bot")
    assert api.ask("GET").status_code == 200


def test_nonsense_is_answered_as_github_answers_it(hub, api):
    hub.create_issue("acme/calc", "a")
    assert api.ask("POST", "/issues/1/comments", data=b"{").json()["message"] == "Problems parsing JSON"
    assert api.ask("GET", "/nothing").status_code == 404
    assert api.ask("GET", "/issues/9").status_code == 404
    assert api.ask("GET", "/issues", params={"state": "odd"}).status_code == 422
    assert api.ask("GET", headers={"User-Agent": ""}).status_code == 403
    hub.requests.clear()
