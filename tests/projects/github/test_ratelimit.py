"""What answers say about GitHub's limits, and until when nothing may be sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from projects.github.ratelimit import RateLimit, is_limited, read

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=30)


def headers(*, remaining=4000, reset_at=LATER, **others):
    named = {name.replace("_", "-"): value for name, value in others.items()}
    return {
        "x-ratelimit-limit": "5000",
        "x-ratelimit-remaining": str(remaining),
        "x-ratelimit-reset": str(int(reset_at.timestamp())),
    } | named


def seconds_blocked(rate):
    until = rate.blocked_until(NOW)
    return (until - NOW).total_seconds() if until else 0


def test_an_ordinary_answer_tells_the_limits_and_blocks_nothing():
    rate = read(headers(), limited=False, now=NOW)
    assert rate == RateLimit(limit=5000, remaining=4000, reset_at=LATER, retry_at=None)
    assert rate.blocked_until(NOW) is None


def test_an_answer_without_limits_is_an_empty_value():
    assert read({}, limited=False, now=NOW) == RateLimit()
    assert RateLimit().blocked_until(NOW) is None


def test_nothing_may_be_sent_between_the_last_allowed_request_and_the_reset():
    rate = read(headers(remaining=0), limited=False, now=NOW)
    assert rate.blocked_until(NOW) == LATER
    assert rate.blocked_until(LATER) is None


@pytest.mark.parametrize("seconds", [10, 1800])
def test_a_primary_limit_ends_at_the_reset_be_it_near_or_far(seconds):
    limited = headers(remaining=0, reset_at=NOW + timedelta(seconds=seconds))
    assert seconds_blocked(read(limited, limited=True, now=NOW)) == seconds


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("120", 120), ("5", 5), ("0", 1), ("", 60), ("soon", 60), ("-3", 60), ("9" * 30, 60)],
)
def test_a_secondary_limit_ends_after_retry_after_or_else_a_minute(value, seconds):
    assert seconds_blocked(read(headers(retry_after=value), limited=True, now=NOW)) == seconds


def test_retry_after_does_not_shorten_a_primary_limit():
    assert read(headers(remaining=0, retry_after="5"), limited=True, now=NOW).blocked_until(NOW) == LATER


def test_a_limit_whose_reset_has_passed_by_our_clock_still_blocks_a_minute():
    past = headers(remaining=0, reset_at=NOW - timedelta(minutes=5))
    assert seconds_blocked(read(past, limited=True, now=NOW)) == 60


@pytest.mark.parametrize("off", [-600, 600])
def test_a_reset_is_as_far_away_as_githubs_own_clock_says(off):
    limited = headers(remaining=0, reset_at=NOW + timedelta(seconds=900))
    server_now = NOW + timedelta(seconds=off)
    assert read(limited, limited=True, now=NOW, server_now=server_now).retry_at == NOW + timedelta(
        seconds=900 - off
    )


def test_a_reset_beyond_a_day_is_a_mistake():
    assert read(headers(reset_at=NOW + timedelta(days=2)), limited=False, now=NOW).reset_at is None


@pytest.mark.parametrize("value", ["", "many", "-1", "1" * 20, "١"])
def test_a_nonsensical_number_is_as_good_as_none(value):
    assert (
        read({"x-ratelimit-remaining": value, "x-ratelimit-reset": value}, limited=False, now=NOW)
        == RateLimit()
    )


@pytest.mark.parametrize(
    ("status", "said", "message"),
    [
        (429, {}, ""),
        (403, {"x-ratelimit-remaining": "0"}, "API rate limit exceeded"),
        (403, {"retry-after": "60"}, ""),
        (403, {"x-ratelimit-remaining": "12"}, "You have exceeded a secondary rate limit. Please wait"),
    ],
)
def test_a_limit_is_told_from_its_status_headers_or_message(status, said, message):
    assert is_limited(status, said, message)


@pytest.mark.parametrize("status", [200, 401, 403, 404, 500])
def test_a_missing_permission_or_any_other_answer_is_no_limit(status):
    assert not is_limited(
        status, {"x-ratelimit-remaining": "12"}, "Resource not accessible by personal access token"
    )
