"""JSON as safe HTML: coloured by classes, nothing invisible in it, and links to addresses of this API alone."""

from __future__ import annotations

import json
import re
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from rest_framework.renderers import JSONRenderer

INDENT = 2
_TOKEN = re.compile(
    r'(?P<key>"(?:[^"\\]|\\.)*")(?=\s*:)|(?P<string>"(?:[^"\\]|\\.)*")'
    r"|(?P<number>-?\d[\d.eE+-]*)|(?P<word>true|false|null)|(?P<rest>[^\"\w-]+)"
)
_UNUSUAL = re.compile(r"[^\n -~]")
# Neither dots nor percent signs in the path: browsers resolve `..` and `%2e%2e`, and would leave the API.
_OWN_PATH = re.compile(r"/api/[A-Za-z0-9_/-]*(\?[A-Za-z0-9_=&%.+:,~-]*)?")


def as_text(data: Any) -> str:
    """Indented JSON. What would not be seen, or turn the text, stands as an escape: `\\u202e`."""
    text = JSONRenderer().render(data, None, {"indent": INDENT}).decode()
    return _UNUSUAL.sub(_visible, text)


def as_html(data: Any, origin: str) -> SafeString:
    """The same with a class for each kind of value; `origin` is this site's, such as `https://agents.example`."""
    parts = ((match.lastgroup or "", match[0]) for match in _TOKEN.finditer(as_text(data)))
    return format_html_join("", "{}", ((_part(kind, text, origin),) for kind, text in parts))


def own_address(value: Any, origin: str) -> str:
    """The path of a text that is an address of this API, else nothing."""
    if not isinstance(value, str):
        return ""
    path = value.removeprefix(origin)
    return path if _OWN_PATH.fullmatch(path) else ""


def _part(kind: str, text: str, origin: str) -> SafeString | str:
    if kind == "rest":
        return text
    if kind == "string" and (path := own_address(json.loads(text), origin)):
        return format_html('<a class="json-link" href="{}">{}</a>', path, text)
    return format_html('<bdi class="json-{}">{}</bdi>', kind, text)


def _visible(match: re.Match[str]) -> str:
    return match[0] if match[0].isprintable() else json.dumps(match[0])[1:-1]
