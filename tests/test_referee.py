from __future__ import annotations

import json

import pytest

from automation.demo.github import StandIn
from automation.demo.github.messages import Exchange
from automation.demo.github.payloads import Shapes
from tests.referee import assert_valid, problems


@pytest.fixture
def comment(hub: StandIn):
    """A good answer to copy and spoil."""
    hub.create_issue("acme/calc", "a")
    given = hub.comment("acme/calc", 1, "b")
    shapes = Shapes(hub._ledger, api_url=hub.api_url, web_url=hub.web_url)
    return shapes.comment(hub.repository("acme/calc"), hub.issue("acme/calc", 1), given)


def exchange(
    answer, *, status=201, path="/repos/acme/calc/issues/1/comments", sent=None, method="POST", query=None
):
    body = b"" if method == "GET" else json.dumps({"body": "b"} if sent is None else sent).encode()
    return Exchange(method, path, query or {}, {}, body, status, json.dumps(answer).encode())


def test_a_good_exchange_passes(comment):
    assert_valid([exchange(comment)])


@pytest.mark.parametrize(
    "spoil",
    [{"id": "7"}, {"created_at": "yesterday"}, {"url": "no address"}, {"author_association": "FRIEND"}],
)
def test_a_wrong_answer_is_found_at_any_depth(comment, spoil):
    with pytest.raises(AssertionError, match=next(iter(spoil))):
        assert_valid([exchange(comment | spoil)])
    with pytest.raises(AssertionError):
        assert_valid([exchange(comment | {"user": comment["user"] | {"login": None}})])


def test_what_may_be_null_may_be_null(comment):
    assert_valid([exchange(comment | {"user": None})])


@pytest.mark.parametrize("sent", [{}, {"body": 7}, {"body": "b", "bdoy": "c"}])
def test_a_wrong_request_is_found(comment, sent):
    assert problems(exchange(comment, sent=sent))


def test_an_unknown_path_parameter_or_value_is_found():
    ask = {"method": "GET", "status": 200}
    assert not problems(
        exchange([], path="/repos/a/b/issues", query={"state": "all", "per_page": "100"}, **ask)
    )
    assert not problems(exchange([], path="/repositories/7/issues", query={"page": "2"}, **ask))
    assert problems(exchange([], path="/repos/a/b/isues", **ask))
    assert problems(exchange([], path="/repos/a/b/issues", query={"label": "bug"}, **ask))
    assert problems(exchange([], path="/repos/a/b/issues", query={"state": "any"}, **ask))
    assert problems(exchange([], path="/repos/a/b/issues", query={"page": "two"}, **ask))


def test_an_undescribed_status_is_found(comment):
    assert problems(exchange(comment, status=200)) == [
        "POST /repos/acme/calc/issues/1/comments -> 200: undescribed status"
    ]
