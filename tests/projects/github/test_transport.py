"""Requests, answers, pages, redirects and what never leaves: the token, and a request to another server."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime

import pytest

from projects.errors import OperatorError
from projects.github.errors import (
    BadCredentials,
    Forbidden,
    GitHubUnavailable,
    Gone,
    Moved,
    NotFound,
    ValidationFailed,
)
from projects.github.transport import Transport
from projects.redaction import redact
from tests.projects.github.conftest import TOKEN, Reply


def test_a_request_carries_the_token_and_what_github_asks_every_client_for(server, transport):
    server.will_answer(Reply({"ok": True}))
    assert transport.get("/user", {"q": "ä b"}).data == {"ok": True}
    asked = server.asked[0]
    assert (asked.method, asked.path, asked.query, asked.payload) == ("GET", "/user", {"q": "ä b"}, None)
    assert asked.headers["authorization"] == f"Bearer {TOKEN}"
    assert asked.headers["accept"] == "application/vnd.github+json"
    assert asked.headers["x-github-api-version"] == "2022-11-28"
    assert asked.headers["user-agent"] == "Autowrkers"


def test_the_environment_adds_no_proxy_and_no_other_credential(server, transport, monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login someone password else\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    server.will_answer(Reply({}))
    transport.get("/user")
    assert server.asked[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_a_change_sends_json(server, transport):
    server.will_answer(Reply({"id": 1}, status=201))
    assert transport.mutate("POST", "/x", {"body": "grün"}).data == {"id": 1}
    assert (server.asked[0].method, server.asked[0].payload) == ("POST", {"body": "grün"})


def test_an_empty_answer_is_none(server, transport):
    server.will_answer(Reply(status=204, body=b""))
    assert transport.mutate("PUT", "/x", {}).data is None


def test_pages_are_followed_only_where_link_says_so(server, transport):
    link = f'<{server.url}/repositories/42/x?page=b%3D2>; rel="next", <{server.url}/x?page=9>; rel="last"'
    server.will_answer(Reply([1], headers={"Link": link}), Reply([2]))
    assert [answer.data for answer in transport.pages("/x", {"state": "all"})] == [[1], [2]]
    assert server.asked[0].query == {"state": "all", "per_page": "100"}
    assert (server.asked[1].path, server.asked[1].query) == ("/repositories/42/x", {"page": "b=2"})


def test_a_full_page_without_a_link_is_the_last_one(server, transport):
    server.will_answer(Reply([1] * 100))
    assert len(list(transport.pages("/x"))) == 1


def test_a_next_page_on_another_server_is_refused(server, transport):
    server.will_answer(Reply([1], headers={"Link": '<http://evil.example/x?page=2>; rel="next"'}))
    with pytest.raises(GitHubUnavailable, match="wrong next page"):
        list(transport.pages("/x"))


def test_pages_that_lead_in_a_circle_end(server, transport):
    link = {"Link": f'<{server.url}/x?page=2>; rel="next"'}
    server.will_answer(Reply([1], headers=link), Reply([2], headers=link), Reply([3], headers=link))
    with pytest.raises(GitHubUnavailable, match="wrong next page"):
        list(transport.pages("/x"))
    assert len(server.asked) == 2


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_question_follows_a_redirect_within_the_server(server, transport, status):
    server.will_answer(Reply({}, status=status, headers={"Location": "/repositories/42"}), Reply({"id": 42}))
    assert transport.get("/repos/old/name").data == {"id": 42}
    assert server.asked[1].path == "/repositories/42"


@pytest.mark.parametrize(
    "location",
    ["http://127.0.0.1:9/x", "https://127.0.0.1/x", "//evil.example/x", "http://evil.example/", "http://[x"],
)
def test_a_redirect_to_another_server_is_refused(server, transport, location):
    server.will_answer(Reply({}, status=302, headers={"Location": location}))
    with pytest.raises(Moved, match="to another server"):
        transport.get("/x")
    assert len(server.asked) == 1


def test_a_change_follows_no_redirect(server, transport):
    server.will_answer(Reply({}, status=307, headers={"Location": "/y"}))
    with pytest.raises(Moved, match="POST /x"):
        transport.mutate("POST", "/x", {})
    assert len(server.asked) == 1


def test_redirects_in_a_circle_end(server, transport):
    server.will_answer(*[Reply({}, status=302, headers={"Location": "/x"})] * 9)
    with pytest.raises(Moved, match="again and again"):
        transport.get("/x")
    assert len(server.asked) == 4


@pytest.mark.parametrize(
    ("status", "rung", "code"),
    [
        (401, BadCredentials, "github.bad_token"),
        (403, Forbidden, "github.forbidden"),
        (404, NotFound, "github.not_found"),
        (410, Gone, "github.gone"),
        (409, ValidationFailed, "github.validation"),
        (422, ValidationFailed, "github.validation"),
    ],
)
def test_each_refusal_has_its_rung_with_githubs_message_and_a_remedy(server, transport, status, rung, code):
    server.will_answer(Reply({"message": "Nope,\x1b[31m no"}, status=status))
    with pytest.raises(rung) as caught:
        transport.get("/x")
    assert isinstance(caught.value, OperatorError)
    assert (caught.value.code, caught.value.message) == (
        code,
        f"GitHub answered {status} to GET /x: Nope, [31m no",
    )
    assert caught.value.remedy
    assert len(server.asked) == 1


def test_a_validation_error_tells_githubs_details(server, transport):
    errors = [{"resource": "PullRequest", "message": "A pull request already exists"}, "plain"]
    errors.append({"field": "base", "code": "invalid"})
    server.will_answer(Reply({"message": "Validation Failed", "errors": errors}, status=422))
    with pytest.raises(ValidationFailed) as caught:
        transport.mutate("POST", "/pulls", {})
    assert caught.value.errors == ("A pull request already exists", "plain", "base: invalid")


def test_a_missing_permission_is_named(server, transport):
    headers = {"X-Accepted-GitHub-Permissions": "issues=write"}
    server.will_answer(Reply({"message": "Resource not accessible"}, status=403, headers=headers))
    with pytest.raises(Forbidden) as caught:
        transport.get("/x")
    assert "issues=write" in caught.value.remedy


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "größe-größe", "tab\tbed-token"])
def test_a_token_that_cannot_be_one_is_refused_without_showing_it(token):
    with pytest.raises(BadCredentials) as caught:
        Transport("http://127.0.0.1:9", token)
    assert not token or token not in str(caught.value)


def test_the_token_shows_in_no_text_and_hides_in_no_exception(server, transport):
    server.will_answer(
        Reply(drop=True), Reply(drop=True), Reply({"message": f"you sent {TOKEN}"}, status=401)
    )
    with pytest.raises(GitHubUnavailable) as unavailable:
        transport.get("/x")
    with pytest.raises(BadCredentials) as refused:
        transport.get("/x")
    assert TOKEN not in repr(transport) + str(unavailable.value) + repr(refused.value) + str(refused.value)
    assert unavailable.value.__context__ is None  # requests' exceptions carry the request with its headers
    assert TOKEN not in redact(TOKEN)


def test_githubs_clock_is_known_after_an_answer(server, transport):
    assert transport.server_date is None
    server.will_answer(Reply({}, headers={"Date": "Sun, 01 Mar 2026 12:00:00 GMT"}))
    transport.get("/x")
    assert transport.server_date == datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_compressed_answer_is_read(server, transport):
    server.will_answer(Reply(body=gzip.compress(b"[1]"), headers={"Content-Encoding": "gzip"}))
    assert transport.get("/x").data == [1]
