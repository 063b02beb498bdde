"""Short text from outside as one visible line without secrets: names, labels, versions."""

from __future__ import annotations

from typing import Any

from django import template

from issues.sanitize import clean_line, make_visible
from projects.redaction import redact

register = template.Library()
LONGEST = 300
READ = 10_000


@register.filter
def line(text: Any) -> str:
    """Masked before it is cut: a part of a secret is not recognised any more."""
    return clean_line(redact(make_visible(str(text or "")[:READ])), limit=LONGEST)
