"""JSON as HTML: what is coloured, what is made visible, what becomes a link."""

from __future__ import annotations

import json

import pytest

from config.readable import as_html, as_text, own_address

HERE = "https://agents.example"


def test_every_kind_of_value_has_a_class_and_is_escaped():
    html = as_html({"<a>": ['b & "c"', -1.5e10, True, None]}, HERE)
    assert '<bdi class="json-key">&quot;&lt;a&gt;&quot;</bdi>' in html
    assert r'<bdi class="json-string">&quot;b &amp; \&quot;c\&quot;&quot;</bdi>' in html
    assert '<bdi class="json-number">-15000000000.0</bdi>' in html
    assert '<bdi class="json-word">null</bdi>' in html


@pytest.mark.parametrize("text", ["\u202e", "\u200b", "\x00", "\x85", "\u2028", "\U000e0041", "\ufeff"])
def test_what_cannot_be_seen_stands_as_an_escape(text):
    shown = as_text({"a": text, text: "ü😀"})
    assert text not in shown
    assert "ü😀" in shown
    assert json.loads(shown) == {"a": text, text: "ü😀"}


@pytest.mark.parametrize("value", ["/api/projects", f"{HERE}/api/projects/1?page=2&cursor=cD0x%3D"])
def test_an_address_of_this_api_becomes_a_link(value):
    path = value.removeprefix(HERE).replace("&", "&amp;")
    assert f'<a class="json-link" href="{path}">' in as_html([value], HERE)


@pytest.mark.parametrize(
    "value",
    [
        "https://evil.example/api/projects",
        f"{HERE}.evil.example/api/projects",
        "//evil.example/api/projects",
        "/api/../admin/logout/",
        "/api/%2e%2e/admin/logout/",
        "/api/\\evil",
        "/api/projects\n",
        "javascript:alert(1)//api/",
        "see /api/projects",
        "/admin/",
        "/api",
        5,
        None,
    ],
)
def test_nothing_else_becomes_a_link(value):
    assert own_address(value, HERE) == ""
    assert "<a" not in as_html([value], HERE)
