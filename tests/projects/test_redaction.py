"""No registered secret and no well-known token shape survives redaction, in whatever spelling."""

from __future__ import annotations

import base64
import json
import logging
import sys
import time
from urllib.parse import quote

import pytest

from projects.redaction import MASK, RedactingFilter, redact, redact_lines, register

SECRET = 'canary/7f+"3e~?~?~?>>>Otter=='


@pytest.fixture(autouse=True)
def _registered():
    register(SECRET)


def test_a_registered_secret_is_masked_wherever_it_stands():
    assert redact(f"a{SECRET}b {SECRET}") == f"a{MASK}b {MASK}"


@pytest.mark.parametrize("spelling", [quote(SECRET, safe=""), json.dumps(SECRET)[1:-1]])
def test_a_secret_is_masked_in_a_url_and_in_json(spelling):
    assert redact(f"https://host/?key={spelling}&x=1") == f"https://host/?key={MASK}&x=1"


@pytest.mark.parametrize("before", ["", "u:", "ab:", "x-access-token:"])
@pytest.mark.parametrize("after", ["", "\n", "@host"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_secret_is_masked_inside_basic_authentication(before, after, encode):
    encoded = encode(f"{before}{SECRET}{after}".encode()).decode()
    cleaned = redact(f"Authorization: Basic {encoded}")
    assert MASK in cleaned
    middle = encoded[len(encoded) // 2 - 4 : len(encoded) // 2 + 4]
    assert middle not in cleaned


def test_basic_authentication_with_an_access_token_leaves_nothing_of_the_token_behind():
    encoded = base64.b64encode(f"x-access-token:{SECRET}".encode()).decode()
    assert redact(f"Basic {encoded}.") == f"Basic {base64.b64encode(b'x-access-token:').decode()}{MASK}."


def test_of_two_secrets_that_begin_alike_the_longer_one_leaves_no_tail():
    register("hunter-hunter")
    register("hunter-hunter-and-more")
    assert redact("hunter-hunter-and-more hunter-hunter") == f"{MASK} {MASK}"


def test_a_short_secret_is_not_registered_because_it_would_mask_words():
    register("main")
    assert redact("the main branch") == "the main branch"


@pytest.mark.parametrize(
    "token",
    [
        "ghp_" + "a1B2" * 9,
        "gho_" + "a1B2" * 9,
        "ghu_" + "a1B2" * 9,
        "ghr_" + "a1B2" * 9,
        "ghs_" + "a1B2" * 9,
        "ghs_123456_eyJhbGciOi.eyJpc3MiOiIx.c2lnbmF0dXJl",
        "github_pat_" + "11ABCDEFG0" * 8,
        "sk-ant-api03-" + "a1-B2_" * 8,
        "sk-proj-" + "a1B2" * 8,
        "AKIAIOSFODNN7EXAMPLE",
        "ASIAIOSFODNN7EXAMPLE",
        "xoxb-1234567890-abcdefghij",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVPmB92K27u",
        "aw_" + "a1B2_-" * 6,
    ],
)
def test_a_well_known_token_shape_is_masked_without_being_registered(token):
    assert redact(f'token="{token}"') == f'token="{MASK}"'


def test_lines_are_masked_one_by_one():
    lines = ["a", f"b {SECRET}", "", "aw_" + "a1B2_-" * 6]
    assert redact_lines(lines) == ["a", f"b {MASK}", "", MASK]
    assert redact_lines(["a", ""]) == ["a", ""]


@pytest.mark.parametrize(
    "text",
    [
        "task-force-of-very-many-people-1234567",
        "raw_material_that_is_1_long_word_of_text",
        "git push origin feature/issue-12",
        "sk-learn-is-a-library-of-python-tools",
        "4f1c2d3e4a5b6c7d8e9f0a1b2c3d4e5f60718293",
    ],
)
def test_ordinary_text_stays_as_it_is(text):
    assert redact(text) == text


@pytest.mark.parametrize("unit", ["eyJ", "sk-", "eyJaaaaaaaa.", "ghp_", "A", "aw_", "sk-a "])
def test_a_hostile_megabyte_is_read_in_linear_time(unit):
    text = unit * (1_000_000 // len(unit))
    started = time.process_time()
    redact(text)
    assert time.process_time() - started < 5


def record(message, *args, exc_info=None):
    return logging.LogRecord("x", logging.INFO, __file__, 1, message, args, exc_info)


def test_the_log_filter_masks_message_arguments_and_traceback():
    try:
        raise ValueError(f"bad {SECRET}")
    except ValueError:
        entry = record("key=%s", SECRET, exc_info=sys.exc_info())
    assert RedactingFilter().filter(entry)
    line = logging.Formatter().format(entry)
    assert SECRET not in line
    assert f"key={MASK}" in line
    assert f"ValueError: bad {MASK}" in line


def test_the_log_filter_survives_a_message_whose_arguments_do_not_fit():
    entry = record("key=%d", SECRET)
    assert RedactingFilter().filter(entry)
    assert entry.getMessage() == f"'key=%d' ('{MASK}',)"
