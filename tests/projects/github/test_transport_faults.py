"""GitHub busy, broken or slow: what is repeated, what is not, and when nothing is sent at all."""

from __future__ import annotations

import gzip
import itertools
from datetime import UTC, datetime, timedelta

import pytest

from projects.errors import OperatorError, RateLimited, Retryable
from projects.github.errors import Forbidden, GitHubRateLimited, GitHubUnavailable, MutationUnknown
from projects.github.meter import LocalMeter
from projects.github.ratelimit import RateLimit
from projects.github.transport import LARGEST_BODY, Transport
from tests.projects.github.conftest import TOKEN, Reply

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HTML = Reply(body=b"<html>Unicorn!</html>", headers={"Content-Type": "text/html"})
BROKEN = {
    "dropped": Reply(drop=True),
    "server error": Reply({"message": "Server Error"}, status=500),
    "bad gateway": Reply(body=b"<html>", status=502),
    "unavailable": Reply(body=b"", status=503),
    "truncated": Reply(body=b'{"a": ', missing=10),
    "half a gzip": Reply(
        body=gzip.compress(b'{"a": "' + b"x" * 99 + b'"}')[:-12], headers={"Content-Encoding": "gzip"}
    ),
    "no gzip": Reply(body=b"{}", headers={"Content-Encoding": "gzip"}),
    "html": HTML,
    "html for not found": Reply(body=b"<html>", status=404),
    "half a document": Reply(body=b'{"a": '),
    "too deep": Reply(body=b"[" * 200_000),
    "no utf-8": Reply(body=b'"\xff"'),
}


@pytest.fixture
def at_noon(server):
    rates = []
    meter = LocalMeter(interval_seconds=0, now=lambda: NOW, on_rate=rates.append)
    transport = Transport(server.url, TOKEN, meter=meter)
    transport.rates = rates
    return transport


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_a_question_is_repeated_once_at_once(server, transport, broken):
    server.will_answer(broken, Reply({"ok": True}))
    assert transport.get("/x").data == {"ok": True}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_a_question_that_fails_twice_waits_for_later(server, transport, broken):
    server.will_answer(broken, broken, Reply({"ok": True}))
    with pytest.raises(GitHubUnavailable, match="GET /x") as caught:
        transport.get("/x")
    assert isinstance(caught.value, Retryable)
    assert caught.value.code == "github.unavailable"
    assert len(server.asked) == 2


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT"])
def test_a_change_whose_answer_is_lost_is_never_repeated(server, at_noon, method, broken):
    server.will_answer(broken, Reply({"ok": True}))
    with pytest.raises(MutationUnknown) as caught:
        at_noon.mutate(method, "/x", {})
    assert (caught.value.code, caught.value.retry_at) == ("github.answer_lost", NOW + timedelta(seconds=10))
    assert len(server.asked) == 1


def test_a_change_that_never_left_is_not_in_doubt():
    with pytest.raises(GitHubUnavailable):
        Transport("http://127.0.0.1:9", TOKEN).mutate("POST", "/x", {})


@pytest.mark.parametrize("status", [200, 301])
@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_an_answer_over_the_limit_is_dropped_and_not_asked_for_again(server, transport, encoding, status):
    body = b'"' + b"x" * LARGEST_BODY + b'"'
    sent = gzip.compress(body, 1) if encoding == "gzip" else body
    headers = {"Content-Encoding": encoding, "Location": "/y"}
    server.will_answer(Reply(body=sent, status=status, headers=headers))
    with pytest.raises(GitHubUnavailable, match="larger than 50 MB"):
        transport.get("/x")
    assert len(server.asked) == 1


def test_an_answer_that_trickles_is_given_up_after_a_total_time(server):
    minutes = itertools.count(step=61)
    server.will_answer(Reply({"ok": True}))
    with pytest.raises(GitHubUnavailable, match="too slowly"):
        Transport(server.url, TOKEN, monotonic=lambda: next(minutes)).get("/x")
    assert len(server.asked) == 1


def test_every_answer_renews_the_rate_and_reports_it(server, at_noon):
    limits = {"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "4999", "X-RateLimit-Reset": "1772370000"}
    server.will_answer(Reply({}, headers=limits), Reply({}))
    at_noon.get("/x")
    at_noon.get("/x")
    expected = RateLimit(limit=5000, remaining=4999, reset_at=datetime.fromtimestamp(1772370000, UTC))
    assert at_noon.rates == [expected]
    assert at_noon.meter.rate == expected  # an answer without limits does not wipe out what is known


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(NOW.timestamp()) + 900)}, 900),
        (429, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(NOW.timestamp()) + 900)}, 900),
        (403, {"Retry-After": "90"}, 90),
        (429, {"Retry-After": "90"}, 90),
        (429, {}, 60),
    ],
)
@pytest.mark.parametrize("body", [b'{"message": "API rate limit exceeded"}', b"<html>Whoa there!</html>"])
def test_a_limit_ends_all_requests_until_it_is_over(server, at_noon, status, headers, seconds, body):
    server.will_answer(Reply(body=body, status=status, headers=headers))
    until = NOW + timedelta(seconds=seconds)
    for ask in (
        lambda: at_noon.get("/x"),
        lambda: at_noon.get("/x"),
        lambda: at_noon.mutate("POST", "/x", {}),
    ):
        with pytest.raises(GitHubRateLimited) as caught:
            ask()
        assert caught.value.retry_at == until
        assert isinstance(caught.value, RateLimited)
    assert len(server.asked) == 1
    assert at_noon.rates[-1].blocked_until(NOW) == until


def test_a_secondary_limit_that_only_its_message_tells_lasts_a_minute(server, at_noon):
    message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
    server.will_answer(Reply({"message": message}, status=403, headers={"X-RateLimit-Remaining": "4000"}))
    with pytest.raises(GitHubRateLimited) as caught:
        at_noon.mutate("POST", "/x", {})
    assert caught.value.retry_at == NOW + timedelta(seconds=60)


@pytest.mark.parametrize("status", [403, 429])
def test_a_refusal_that_breaks_off_may_be_a_limit_and_is_kept_as_one(server, at_noon, status):
    server.will_answer(Reply(body=b'{"message": "You have exc', status=status, missing=10))
    for _ in range(2):
        with pytest.raises(GitHubRateLimited) as caught:
            at_noon.get("/x")
        assert caught.value.retry_at == NOW + timedelta(seconds=60)
    assert len(server.asked) == 1


def test_a_refusal_that_is_no_limit_blocks_nothing(server, at_noon):
    server.will_answer(
        Reply({"message": "no"}, status=403, headers={"X-RateLimit-Remaining": "5"}), Reply({})
    )
    with pytest.raises(Forbidden) as caught:
        at_noon.get("/x")
    assert isinstance(caught.value, OperatorError)
    at_noon.get("/x")


@pytest.mark.parametrize(
    "rate", [RateLimit(remaining=0, reset_at=NOW + timedelta(1)), RateLimit(retry_at=NOW + timedelta(1))]
)
def test_a_limit_known_beforehand_lets_nothing_out(server, rate):
    transport = Transport(server.url, TOKEN, meter=LocalMeter(rate=rate, now=lambda: NOW))
    with pytest.raises(GitHubRateLimited):
        transport.get("/x")
    assert server.asked == []


def test_a_used_up_hour_is_noticed_with_the_last_answer_before_anything_is_refused(server, at_noon):
    last = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(NOW.timestamp()) + 900)}
    server.will_answer(Reply({"ok": True}, headers=last))
    assert at_noon.get("/x").data == {"ok": True}
    with pytest.raises(GitHubRateLimited):
        at_noon.get("/x")
    assert len(server.asked) == 1


def test_changes_keep_their_distance_and_questions_do_not_wait(server):
    clock, slept = [100.0], []

    def sleep(seconds):
        slept.append(seconds)
        clock[0] += seconds

    meter = LocalMeter(interval_seconds=1.0, monotonic=lambda: clock[0], sleep=sleep)
    transport = Transport(server.url, TOKEN, meter=meter, monotonic=lambda: clock[0])
    server.will_answer(*[Reply({})] * 5)
    transport.mutate("POST", "/x", {})
    clock[0] += 0.25
    transport.get("/x")
    transport.mutate("PATCH", "/x", {})
    clock[0] += 5
    transport.mutate("PUT", "/x", {})
    assert [seconds for seconds in slept if seconds] == [0.75]
