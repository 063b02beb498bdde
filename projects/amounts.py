"""Money and lengths of time as people read them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

MINUTE, HOUR, DAY = 60, 3600, 86400


def span(length: float | timedelta | None) -> str:
    """A length of time in its largest sensible unit; a number is seconds."""
    if length is None:
        return "–"
    seconds = length.total_seconds() if isinstance(length, timedelta) else length
    if seconds < 2 * MINUTE:
        return f"{seconds:.0f} s"
    if seconds < 2 * HOUR:
        return f"{seconds / MINUTE:.0f} min"
    return f"{seconds / HOUR:.0f} h" if seconds < 2 * DAY else f"{seconds / DAY:.0f} days"


def exact_span(milliseconds: int) -> str:
    """The same with tenths of a second below a minute."""
    return f"{milliseconds / 1000:.1f} s" if milliseconds < 60_000 else span(milliseconds / 1000)


def usd(amount: Decimal | float | None) -> str:
    """Unknown cost is a dash, never zero."""
    return "–" if amount is None else f"$ {amount:,.2f}"
