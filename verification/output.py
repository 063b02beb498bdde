"""What a check printed, made fit to be kept and shown: decoded, cleaned, without secrets, not too long."""

from __future__ import annotations

import re

from issues.sanitize import make_visible
from projects.redaction import redact

KEPT_BYTES = 200_000
CUT = "\n[... {bytes:,} bytes left out here ...]\n"

_CHARACTER_SETS = re.compile(rb"\x1b[()*+][0-9A-Za-z]")  # what `tput sgr0` sends besides the colour reset


def readable(raw: bytes) -> str:
    """The text of raw output without escapes, colours, control characters and known secrets."""
    text = _CHARACTER_SETS.sub(b"", raw).decode(errors="replace")
    return head_and_tail(redact(make_visible(text)), KEPT_BYTES)


def head_and_tail(text: str, limit_bytes: int) -> str:
    """`text` in at most `limit_bytes` of UTF-8: its first third and last two thirds, with a note between."""
    data = text.encode(errors="replace")
    if len(data) <= limit_bytes:
        return text
    note = CUT.format(bytes=len(data))
    room = limit_bytes - len(note)
    if room <= 0:
        return data[:limit_bytes].decode(errors="ignore")
    head = room // 3
    left_out = CUT.format(bytes=len(data) - room)
    tail = data[len(data) - (room - head) :]
    return data[:head].decode(errors="ignore") + left_out + tail.decode(errors="ignore")
