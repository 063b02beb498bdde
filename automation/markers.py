"""The hidden marker that tells our pull requests and comments from others, with the key of their effect."""

from __future__ import annotations

import re
from dataclasses import dataclass

_MARKER = re.compile(
    r"^<!-- autowrkers:([A-Za-z0-9_-]{1,64}):([0-9]{1,9}):([a-z_]{1,32}):([0-9]{1,9}) -->[ \t\r]*$",
    re.MULTILINE,
)


@dataclass(frozen=True)
class EffectKey:
    """One outside effect: of which session (its public id) and round, of what kind, and the how manieth."""

    public_id: str
    round: int
    kind: str
    ordinal: int


def marker(key: EffectKey) -> str:
    return f"<!-- autowrkers:{key.public_id}:{key.round}:{key.kind}:{key.ordinal} -->"


def find_marker(text: str) -> EffectKey | None:
    """The key of the last marker on a line of its own. Who wrote the text is for the caller to check."""
    found = _MARKER.findall(text)
    if not found:
        return None
    public_id, round_, kind, ordinal = found[-1]
    return EffectKey(public_id, int(round_), kind, int(ordinal))
