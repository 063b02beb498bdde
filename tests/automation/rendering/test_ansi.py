"""Terminal output keeps its colours by a closed set of classes and loses every other escape."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automation.rendering.ansi import MOST_CHANGES, to_html

CLASS = re.compile(r"ansi-(bold|(fg|bg)-(\d|1[0-5]))")


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ('plain <b> & "quoted"', "plain &lt;b&gt; &amp; &quot;quoted&quot;"),
        ("\x1b[31mred\x1b[0m not", '<span class="ansi-fg-1">red</span> not'),
        ("\x1b[1;92;44mx\x1b[22;39;49my", '<span class="ansi-fg-10 ansi-bg-4 ansi-bold">x</span>y'),
        ("\x1b[107mx", '<span class="ansi-bg-15">x</span>'),
        ("\x1b[mx", "x"),
        ("\x1b[38;5;9mx\x1b[38;5;200my", '<span class="ansi-fg-9">xy</span>'),
        ("\x1b[38;2;1;31;44mx", "x"),
        ("\x1b[38:5:3mx", '<span class="ansi-fg-3">x</span>'),
        ("\x1b[38mx\x1b[38;5mx", "xx"),
        ("a\x1b[2J\x1b[10;10Hb\x1b]0;title\x07c\x1b[?25l", "abc"),
        ("\x1b]8;;javascript:alert(1)\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("a\u202eb\u200b\0\x07", "ab"),
        ("1%\r2%\r\n", "1%\n2%\n"),
        ("\x1b[31m<script>", '<span class="ansi-fg-1">&lt;script&gt;</span>'),
        ("", ""),
    ],
)
def test_colours_stay_and_the_rest_goes(text, html):
    assert to_html(text) == html


def test_a_bomb_of_colours_becomes_plain_text():
    html = to_html("".join(f"\x1b[3{number % 8}mx" for number in range(100_000)))
    assert html.count("<span") <= MOST_CHANGES
    assert len(html) < 400_000


def test_endless_numbers_and_empty_changes_give_nothing():
    assert to_html("\x1b[" + "1;" * 100_000 + "mx") == "x"
    assert to_html("\x1b[31m\x1b[32m" * 1_000) == ""


@given(st.text(alphabet=st.sampled_from(list("\x1b[]0123456789;:mKH<>&\"'x\n")), max_size=80))
def test_only_known_classes_come_out(text):
    html = to_html(text)
    assert "\x1b" not in html
    for element in re.findall(r"<[^>]*>", html):
        opened = re.fullmatch(r'<span class="([^"]*)">', element)
        assert element == "</span>" or all(CLASS.fullmatch(name) for name in opened[1].split())
