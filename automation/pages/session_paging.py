"""Leafing through what only grows: `?before=` names the last row of the page before."""

from __future__ import annotations

from django.core.exceptions import BadRequest
from django.http import HttpRequest

DIGITS = 18  # of a big integer column


def before(request: HttpRequest) -> int | None:
    """The row to begin behind; None on the first page."""
    value = request.GET.get("before", "")
    if not value:
        return None
    if not (value.isascii() and value.isdecimal() and len(value) <= DIGITS):
        raise BadRequest(f"The parameter before is {value[:60]!r}. Use the links at the end of the list.")
    return int(value)
