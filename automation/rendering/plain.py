"""Text from outside as plain text that a page may show: visible, without secrets, not too long."""

from __future__ import annotations

from issues.sanitize import keep_ends, make_visible
from projects.redaction import redact

LONGEST_LINE = 500


def plain(text: str, *, limit: int) -> str:
    """In at most `limit` bytes: of what is longer both ends."""
    return keep_ends(redact(make_visible(text)), limit=limit)


def last_lines(text: str, *, count: int) -> str:
    """The last lines that say anything, each clipped."""
    lines = redact(make_visible(text)).rstrip().split("\n")[-count:]
    return "\n".join(line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]} …" for line in lines)
