"""What a check printed, made fit to be kept and shown: decoded, cleaned, without secrets, not too long."""

from __future__ import annotations

import re

from issues.sanitize import keep_ends, make_visible
from projects.redaction import redact

KEPT_BYTES = 200_000

_CHARACTER_SETS = re.compile(rb"\x1b[()*+][0-9A-Za-z]")  # what `tput sgr0` sends besides the colour reset


def readable(raw: bytes) -> str:
    """The text of raw output without escapes, colours, control characters and known secrets."""
    text = _CHARACTER_SETS.sub(b"", raw).decode(errors="replace")
    return keep_ends(redact(make_visible(text)), limit=KEPT_BYTES)
