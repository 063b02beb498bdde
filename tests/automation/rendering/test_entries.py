"""Events as HTML: folded, clipped, inert, and small enough for a reply."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automation.rendering.entries import MOST_BYTES, Renderer
from automation.transcripts.kinds import Edit, Kind, Shown

RAW = "/admin/attempt/7/log.txt"
HOSTILE = "<script>alert(1)</script> \u202e\u200b\x1b[31mred\x1b[0m \"'>&"


def html(event, waiting="running"):
    return Renderer(RAW, waiting).html(event)


def result(text="ok", **fields):
    return Shown(Kind.RESULT, text=text, at="2026-01-01T10:00:01.5+00:00", **fields)


def use(**fields):
    given = {"name": "Bash", "detail": "make test", "n": 12, "at": "2026-01-01T10:00:00+00:00"} | fields
    return Shown(Kind.TOOL, **given)


def test_a_message_is_markdown_under_its_number():
    shown = html(Shown(Kind.MESSAGE, text="**Fixed** it", n=12))
    assert "<strong>Fixed</strong>" in shown
    assert 'id="e12"' in shown
    assert 'href="#e12"' in shown


def test_a_tool_that_worked_is_folded_with_its_result_inside():
    shown = html(use(result=result("2 passed")))
    assert re.search(r"<details><summary>.*<b><bdi>Bash</bdi></b>.*make test.*ok, 2 s", shown, re.DOTALL)
    assert "2 passed</pre></details>" in shown


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (use(result=result(is_error=True)), "failed"),
        (use(result=result(is_error=True, exit_status=2)), "exit 2"),
        (Shown(Kind.RESULT, text="x", is_error=True), "failed"),
        (Shown(Kind.FINISHED, text="x", is_error=True), "error"),
    ],
)
def test_an_error_is_open_and_says_so_in_words(event, words):
    shown = html(event)
    assert "<details open>" in shown
    assert words in shown
    assert "has-failed" in shown


def test_a_tool_without_a_result_says_what_is_known():
    assert "running" in html(use())
    assert "no result" in html(use(), waiting="no result")


def test_an_edit_is_a_small_diff():
    shown = html(use(name="Edit", detail="a.py", edits=(Edit("old = 1", "new = 1"),)))
    assert '<table class="diff"' in shown
    assert shown.count("<tr") == 2


def test_a_long_argument_is_shortened_in_the_summary_and_whole_inside():
    command = "echo " + "word " * 100
    shown = html(use(detail=command))
    assert shown.count("…") == 1
    assert command.strip() in shown


def test_long_output_is_clipped_and_leads_to_the_full_text():
    shown = html(use(result=result("z" * 200_000)))
    assert len(shown) < 25_000
    assert f'href="{RAW}"' in shown
    assert RAW not in html(use(result=result("z" * 19_000)))


@pytest.mark.parametrize("kind", list(Kind))
def test_hostile_text_does_nothing_in_any_event(kind):
    event = Shown(
        kind, text=HOSTILE, name=HOSTILE, detail=HOSTILE, call=HOSTILE, at=HOSTILE, result=result(HOSTILE)
    )
    for shown in (html(event), html(Shown(kind, text=HOSTILE * 3_000, name=HOSTILE, detail=HOSTILE * 3_000))):
        assert "<script" not in shown
        assert not re.search("[\x00-\x08\x0b-\x1f\u202e\u200b]", shown)
        assert not re.search(r"\son\w+=|style=", re.sub(r">[^<]*<", "><", shown))


@pytest.mark.parametrize(
    "text", ["<" * 60_000, "|a" * 9_000, "*a_ " * 5_000, "\x1b[31mx\x1b[32my" * 9_000, "é" * 60_000, ""]
)
@pytest.mark.parametrize("kind", [Kind.MESSAGE, Kind.TOOL, Kind.STDERR, Kind.OTHER])
def test_no_event_is_too_large_for_a_reply(kind, text):
    edits = (Edit(text, text[::-1]),) * 5 if kind == Kind.TOOL else ()
    event = Shown(
        kind, text=text, detail=text, edits=edits, result=result(text) if kind == Kind.TOOL else None
    )
    assert len(html(event).encode()) <= MOST_BYTES


def test_a_retry_says_what_is_known_of_its_cause():
    words = "The model did not answer, trying again"
    assert f"<b>{words}</b>" in html(Shown(Kind.RETRY, is_error=True))
    shown = html(Shown(Kind.RETRY, text="rate_limit", detail="status 429", is_error=True))
    assert f"<b>{words}:</b>" in shown
    assert "rate limit<" in shown


def test_a_short_line_of_output_needs_no_block():
    assert "<pre" not in html(Shown(Kind.STDERR, text="\x1b[31mwarning\x1b[0m"))
    assert 'class="ansi-fg-1">warning' in html(Shown(Kind.STDERR, text="\x1b[31mwarning\x1b[0m"))
    assert "<pre" in html(Shown(Kind.OUTPUT, text="a\nb"))


@given(st.sampled_from(list(Kind)), st.text(max_size=200), st.text(max_size=40), st.text(max_size=30))
@settings(max_examples=50, deadline=None)
def test_every_event_is_one_row_that_closes_what_it_opens(kind, text, detail, at):
    shown = html(Shown(kind, text=text, detail=detail, name=detail, at=at))
    assert shown.strip().startswith("<div")
    assert shown.count("<div") == shown.count("</div>")
    assert shown.count("<details") == shown.count("</details>")
