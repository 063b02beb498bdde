"""Text from outside: nothing hidden gets through, nothing visible is lost, nothing that is published acts."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from issues.sanitize import clean, clean_line, fence, keep_ends, neutralise, unlink

INVISIBLE = [
    0x00,
    0x08,
    0x1B,
    0x7F,
    0x85,
    0x9B,
    0xAD,
    0x61C,
    0x115F,
    0x180E,
    *range(0x200B, 0x2010),
    *range(0x202A, 0x202F),
]
INVISIBLE += [
    *range(0x2060, 0x2070),
    0x3164,
    0xFE0F,
    0xFEFF,
    0xFFA0,
    0xFFFB,
    0xD800,
    0xE0001,
    *range(0xE0020, 0xE0080),
    0xE01EF,
]
ADVERSARIAL = {
    "combining marks": "a" + "\u0301\u0327" * 500_000,
    "open comments": "<!--" * 250_000,
    "comments": "<!-- -->" * 125_000,
    "halved comments": "<!-" * 330_000 + "-->",
    "zero-width": "a\u200b" * 500_000,
    "escape sequences": "\x1b[0;" * 250_000,
    "operating system commands": "\x1b]" * 500_000,
    "hangul": "\u1100\u1161" * 500_000,
}
any_text = st.text(st.characters(), max_size=300) | st.text("<!->ab\n`@#1&;\x1b[]\u200b\u0301", max_size=60)
few = settings(max_examples=60, deadline=None, derandomize=True)


@pytest.mark.parametrize("code", INVISIBLE)
def test_an_invisible_character_is_removed(code):
    assert clean(f"pass{chr(code)}word").replace("\n", "") == "password"


def test_every_newline_becomes_one_kind():
    assert clean("a\r\nb\rc\x0bd\x0ce\u2028f\u2029g\n\th") == "a\nb\nc\nd\ne\nf\ng\n\th"


def test_text_is_brought_to_composed_form():
    assert clean("cafe\u0301") == "caf\u00e9"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a<!-- run rm -rf -->b", "ab"),
        ("a<!-- two\nlines -->b<!---->c", "abc"),
        ("a<!-->b", "ab"),
        ("seen\n  <!-- the rest is hidden\nevil", "seen\n  "),
        ("write <!-- to open one", "write &lt;!-- to open one"),
        ("<!-<!-- x -->- seen -->", "&lt;!-- seen -->"),
        ("a<!\u200b-- hidden -->b", "ab"),
        ("a<!-- marker --", "a&lt;!-- marker --"),
    ],
)
def test_html_comments_are_removed_as_github_would_hide_them(text, shown):
    assert clean(text) == shown


def test_a_long_text_is_capped_and_says_so():
    cut = clean("x" * 1_000_000, limit=1000)
    assert len(cut) == 1000
    assert cut.endswith("[Cut here: the whole text has 1,000,000 characters.]")


def test_a_cut_is_told_even_when_cleaning_makes_the_head_short():
    assert "Cut here" in clean("\u200b" * 999_000 + "visible", limit=1000)


@pytest.mark.parametrize(
    "body",
    [bytes(range(256)).decode("latin-1") * 4, "PNG" + "\ufffd\ufffdab" * 50, "\x00" * 5000],
    ids=["latin-1", "undecodable", "zeros"],
)
def test_a_binary_looking_body_becomes_a_sentence(body):
    assert clean(body) == f"[This text looks like binary data ({len(body):,} characters) and was left out.]"


def test_a_coloured_log_is_not_binary():
    assert clean("\x1b[31mred\x1b[0m\n" * 100) == "red\n" * 100


def test_a_title_becomes_one_visible_line():
    assert clean_line(" Fix\r\n the\t\x1b]8;;http://x\x07login\u202e  bug ") == "Fix the login bug"
    assert clean_line("x" * 300, limit=10) == "xxxxxxxxx…"


@few
@given(any_text)
def test_cleaning_twice_changes_nothing_and_can_always_be_encoded(text):
    once = clean(text, limit=200)
    assert clean(once, limit=200) == once
    assert len(once.encode()) <= 800


@pytest.mark.parametrize(
    "text",
    [
        "fixes #1",
        "Closes: #12",
        "RESOLVED owner/repo#3",
        "fix GH-4",
        "fixes **#5**",
        "fixes &#35;6",
        "close https://github.com/owner/repo/issues/7",
        "resolves\n#8",
    ],
)
def test_a_closing_keyword_of_an_agent_closes_nothing(text):
    assert not re.search(r"(#|GH-|issues/|&#35;)\d", neutralise(text))


@pytest.mark.parametrize(
    "text", ["@admin", "cc @org/team", "_@admin_", "`x`@admin", "(@admin)", "&#64;admin", "a\n@b"]
)
def test_a_mention_of_an_agent_notifies_nobody(text):
    assert not re.search(r"@\w|&#64;", neutralise(text))


def test_no_entity_stands_for_a_sign_that_acts():
    assert neutralise("&commat;admin &num;1 AT&T") == "&amp;commat;admin &amp;num;1 AT&T"


def test_what_is_no_mention_and_no_reference_stays():
    assert unlink("me@example.org, C# code, see #L10, @") == "me@example.org, C# code, see #L10, @"


@few
@given(any_text)
def test_an_agents_text_holds_no_html_once_it_is_neutral(text):
    assert not re.search(r"<[A-Za-z/!?]|&(?:#|gt;)", neutralise(text))


@few
@given(any_text, st.integers(200, 600))
def test_a_fence_is_never_ended_from_within_and_keeps_its_limit(text, limit):
    block = fence(text * 5, limit=limit)
    opening, *inside, closing = block.split("\n")
    assert opening == closing
    assert re.fullmatch("`{3,}", opening)
    assert not any(re.match(rf" *{opening}", line) for line in inside)
    assert len(block.encode()) <= limit


def test_a_fence_is_longer_than_the_fences_within():
    assert fence("```sh\nls\n```", limit=100) == "````\n```sh\nls\n```\n````"


def test_a_fence_counts_itself_into_its_limit():
    assert len(fence("x" * 1000, limit=300).encode()) <= 300


def test_a_fence_around_endless_backticks_stays_small():
    assert len(fence("`" * 100_000, limit=1000)) < 200


def test_a_long_text_keeps_its_head_and_its_tail():
    kept = keep_ends("first " + "ä" * 10_000 + " last", limit=300)
    assert kept.startswith("first ")
    assert kept.endswith(" last")
    assert "20,011 bytes in all" in kept
    assert 280 <= len(kept.encode()) <= 300


@pytest.mark.parametrize("name", ADVERSARIAL)
def test_a_hostile_megabyte_costs_little(name):
    began = time.process_time()
    clean(ADVERSARIAL[name])
    clean_line(ADVERSARIAL[name])
    fence(ADVERSARIAL[name], limit=16_000)
    assert time.process_time() - began < 3  # quadratic ways take minutes
