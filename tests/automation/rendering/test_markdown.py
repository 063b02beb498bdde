"""Markdown from outside becomes HTML that can do nothing."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automation.rendering.markdown import LIMIT, TAGS, to_html

REL = 'rel="noopener noreferrer nofollow"'


class Collector(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))


def elements(html):
    collector = Collector()
    collector.feed(html)
    return collector.elements


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**a** *b* `c`", "<p><strong>a</strong> <em>b</em> <code>c</code></p>"),
        ("# a\n\n###### b", "<h3>a</h3>\n<h6>b</h6>"),
        ("```py\nx < 1\n```", "<pre><code>x &lt; 1\n</code></pre>"),
        ("~~a~~", "<p><s>a</s></p>"),
        ("3. a", '<ol start="3">\n<li>a</li>\n</ol>'),
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"),
        ("[a](https://x.org 'title')", f'<p><a href="https://x.org" {REL}>a</a></p>'),
        ("[a](mailto:a@x.org)", f'<p><a href="mailto:a@x.org" {REL}>a</a></p>'),
        ("", ""),
    ],
)
def test_what_is_harmless_is_shown(text, html):
    assert to_html(text).strip() == html


def test_tables_are_tables():
    assert [tag for tag, _ in elements(to_html("|a|\n|:-:|\n|1|"))] == [
        "table",
        "thead",
        "tr",
        "th",
        "tbody",
        "tr",
        "td",
    ]


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JaVaScript:x",
        "&#106;avascript:x",
        "data:text/html,x",
        "/admin/logout/",
        "//evil.org",
        "x",
    ],
)
def test_a_link_elsewhere_than_to_a_site_or_an_address_leads_nowhere(address):
    html = to_html(f"[a]({address}) <{address}>")
    assert "href" not in html
    assert "a" in html


def test_an_image_is_a_link_with_its_words_and_nothing_is_loaded():
    html = to_html("![a *b*](https://x.org/p.png)")
    assert html.strip() == f'<p><a href="https://x.org/p.png" {REL}>[image: a b]</a></p>'
    assert to_html("![](https://x.org/p.png)").count("[image: without description]") == 1


def test_an_image_in_a_link_stays_one_link():
    html = to_html("[![badge](https://x.org/p.png)](https://y.org)")
    assert html.strip() == f'<p><a href="https://y.org" {REL}>[image: badge]</a></p>'


@pytest.mark.parametrize("hidden", ["\u202e", "&#8238;", "&#x200b;", "\u200b", "&zwnj;", "\x1b[31m", "\0"])
def test_what_turns_or_hides_text_is_gone_also_as_an_entity(hidden):
    assert to_html(f"a{hidden}b").strip() == "<p>ab</p>"


def test_a_long_text_is_cut_and_says_so():
    html = to_html("word " * LIMIT)
    assert len(html) < LIMIT + 200
    assert f"the whole text has {5 * LIMIT:,} characters" in html


@pytest.mark.parametrize("text", ["> " * 30_000, "- " * 30_000, "[" * 100_000, "*_" * 50_000, "![" * 50_000])
def test_deep_nesting_is_no_trouble(text):
    assert len(to_html(text)) < 10 * LIMIT


@given(st.text(alphabet=st.sampled_from(list("<>&\"'`*_[]()!#|-\n abj:/=x\u202e\u0338;")), max_size=60))
def test_no_input_gives_an_unknown_element_or_attribute(text):
    for tag, attributes in elements(to_html(text)):
        assert tag in TAGS
        assert set(attributes) <= {"href", "rel", "start"}
        assert re.match("https?:|mailto:", attributes.get("href") or "http:")
