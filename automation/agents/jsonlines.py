"""Reading JSON that a hostile program may have printed: wrong shapes give empty values, no exceptions."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import Any

LARGEST = 2**31 - 1


def decode(line: bytes) -> dict[str, Any]:
    """The JSON object on `line`, or an empty one."""
    if b"{" not in line:  # a flood of plain lines is not worth an exception each
        return {}
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(value: object, limit: int = 100_000) -> str:
    """A string that any database can store: no NUL, no lone surrogate, at most `limit` characters."""
    if not isinstance(value, str):
        return ""
    return value[:limit].replace("\0", "").encode("utf-8", "replace").decode()


def number(value: object) -> int | None:
    """A count that any database can store."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return min(max(int(value), 0), LARGEST)


def money(value: object) -> Decimal | None:
    """US dollars; what cannot be a price is unknown."""
    if number(value) is None or not 0 <= (amount := Decimal(str(value))) < 1_000_000:
        return None
    return amount.quantize(Decimal("0.000001"))


def compact(value: object, limit: int = 2_000) -> str:
    """Any JSON value on one line, for showing."""
    try:
        return text(json.dumps(value, ensure_ascii=False), limit)
    except RecursionError:
        return ""
