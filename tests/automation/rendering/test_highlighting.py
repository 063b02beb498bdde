"""Highlighting: what a lexer gets is bounded, whatever a page holds, and no text is lost or changed by it."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pygments.lexer import Lexer

from automation.rendering.diffs import render_patch
from automation.rendering.entries import Renderer
from automation.rendering.highlighting import (
    BLOCK_COLOURED,
    ENDINGS,
    LONGEST_COLOURED,
    PAGE_COLOURED,
    Colours,
)
from automation.transcripts.kinds import Edit, Kind, Shown

NEW_FILE = "diff --git a/{0} b/{0}\nnew file mode 100644\n--- /dev/null\n+++ b/{0}\n@@ -0,0 +1,{1} @@\n{2}"


@pytest.fixture
def lexed(monkeypatch):
    """How many characters each lexer was given."""
    sizes, real = [], Lexer.get_tokens

    def get_tokens(self, text, unfiltered=False):
        sizes.append(len(text))
        return real(self, text, unfiltered)

    monkeypatch.setattr(Lexer, "get_tokens", get_tokens)
    return sizes


def new_file(name, lines):
    return NEW_FILE.format(name, len(lines), "".join(f"+{line}\n" for line in lines))


def bare(shown):
    return html.unescape(re.sub("<[^>]+>", "", shown))


def test_a_page_of_large_files_gives_lexers_little(lexed):
    patch = "".join(new_file(f"f{number}.js", ["x = '\\\"' " * 20] * 100) for number in range(30))
    shown = render_patch(patch)
    assert shown.count("<tr") == 3_000
    assert len(lexed) > 1
    assert max(lexed) <= BLOCK_COLOURED
    assert sum(lexed) <= PAGE_COLOURED


def test_a_log_page_of_large_edits_gives_lexers_little(lexed):
    edits = (Edit("", "x = 1  # words\n" * 100),) * 20
    renderer = Renderer("/raw", "running")
    for number in range(10):
        assert "x = 1" in bare(
            renderer.html(Shown(Kind.TOOL, name="Edit", detail="a.py", edits=edits, n=number))
        )
    assert len(lexed) > 1
    assert max(lexed) <= BLOCK_COLOURED
    assert sum(lexed) <= PAGE_COLOURED


@pytest.mark.parametrize(
    "name", ["evil.html", "a.php", "a.vue", "a.erb", "A.java", "a.c", "a", ".", "py", ""]
)
def test_what_is_not_in_the_list_reaches_no_lexer(lexed, name):
    assert Colours().lines(name, ["<?" * 200] * 9) == ["&lt;?" * 200] * 9
    assert lexed == []


def test_a_long_line_and_what_follows_the_bound_stay_plain():
    long = "return " * LONGEST_COLOURED
    shown = Colours().lines("a.py", ["return 1", long, "return 2", *["#" * 300] * 20, "return 3"])
    assert shown[0] == '<span class="tok-keyword">return</span> <span class="tok-number">1</span>'
    assert "<span" not in shown[1]
    assert "<span" in shown[2]
    assert shown[-1] == "return 3"


def test_a_new_page_has_colours_again():
    colours = Colours()
    for _ in range(PAGE_COLOURED // 900 + 1):
        last = colours.lines("a.py", ["return 1"] * 110)
    assert "<span" not in last[0]
    assert "<span" in Colours().lines("A.PY", ["return 1"])[0]


@pytest.mark.parametrize(
    "name", [*(f"a{ending}" for ending in ENDINGS), "b.html", "no-such-language.xyz", ""]
)
def test_no_line_and_no_character_is_lost_or_added(name):
    lines = ["", "def f(): # <&>", "  \t ", "'open", "\tend  ", "/* x", "{", ""]
    assert [bare(line) for line in Colours().lines(name, lines)] == lines


@given(name=st.sampled_from(sorted(ENDINGS)), text=st.text("ab1 \t\n\"'`\\/*#$&<>{}[]()=:;.-", max_size=120))
def test_no_text_is_changed_whatever_it_is(name, text):
    assert [bare(line) for line in Colours().lines(f"a{name}", text.split("\n"))] == text.split("\n")
