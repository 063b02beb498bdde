"""Text from outside made visible and without secrets: as one short line, or all of a page at once."""

from __future__ import annotations

import re
from typing import Any

from django import template

from issues.sanitize import clean_line, make_visible
from projects.redaction import redact

register = template.Library()
LONGEST = 300
READ = 10_000
# What people edit stays as it is stored; a checkbox says only what row it is of.
_EDITED = r"""(<textarea\b.*?</textarea>|<input\b(?![^>]*\btype="checkbox")[^>]*>)"""
_PIECES = re.compile(_EDITED + r"""|[^<>"']+""", re.DOTALL)


@register.filter
def line(text: Any) -> str:
    """Masked before it is cut: a part of a secret is not recognised any more."""
    return clean_line(redact(make_visible(str(text or "")[:READ])), limit=LONGEST)


@register.filter
def all_lines(page: str) -> str:
    """Finished HTML, each text and attribute by itself: an escape sequence without an end must not eat the page."""
    if make_visible(page) != page:
        page = _PIECES.sub(lambda piece: piece[1] or make_visible(piece[0]), page)
    return redact(page)
