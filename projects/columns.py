"""Names and codes in words, and columns of lists and of read-only pages that need more than a plain value."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import TextField
from django.utils.html import format_html
from django.utils.safestring import SafeString

from projects.models import Project
from projects.redaction import redact

SPELLED = {
    "api": "API",
    "github": "GitHub",
    "id": "ID",
    "ms": "(ms)",
    "pr": "PR",
    "sha": "SHA",
    "url": "URL",
    "usd": "(USD)",
}


def spelled(name: str) -> str:
    """`github.bad_token` is "GitHub bad token", `cost usd` is "cost (USD)"; what is HTML already stays."""
    if isinstance(name, SafeString):
        return name
    return " ".join(SPELLED.get(word.lower(), word) for word in re.split(r"[\s._]+", str(name)) if word)


def worded(name: str) -> str:
    """The same with a capital at its beginning."""
    text = spelled(name)
    return text if isinstance(name, SafeString) else text[:1].upper() + text[1:]


def agent_name(code: str) -> str:
    """As the settings of a project call it."""
    return str(dict(Project.Agent.choices).get(code, code))


def coded(name: str, description: str = "") -> Callable[[Any], str | None]:
    """A column whose stored code is said in words."""

    @admin.display(description=description or name.replace("_", " "))
    def shown(row: Any) -> str | None:
        return worded(str(getattr(row, name))) or None

    return shown


def said(name: str, say: Callable[[Any], str], description: str) -> Callable[[Any], str]:
    """A column of lists and of read-only pages whose stored value is said as people read it."""

    @admin.display(description=description)
    def shown(row: Any) -> str:
        value = getattr(row, name)
        return "-" if value is None else say(value) or "-"

    shown.__name__ = name  # which the style sheets of the admin know it by
    return shown


def preformatted(field: TextField[Any, Any]) -> Callable[[Any], str]:
    """A column of a read-only page that keeps spaces and line breaks."""

    @admin.display(description=worded(str(field.verbose_name)))
    def shown(row: Any) -> str:
        text = redact(str(getattr(row, field.name)))
        return format_html('<pre tabindex="0">{}</pre>', text) if text else "-"

    return shown
