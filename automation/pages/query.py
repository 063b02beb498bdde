"""A page's query string, read strictly: what nobody knows is refused by name, not passed over."""

from __future__ import annotations

from collections.abc import Collection

from django.core.exceptions import BadRequest
from django.http import HttpRequest

LARGEST = 1_000_000
SHOWN = 60


class Query:
    """Every method raises BadRequest with a sentence that names the parameter."""

    def __init__(self, request: HttpRequest, *known: str) -> None:
        self.values = request.GET
        for name in self.values:
            if name not in known:
                raise BadRequest(
                    f"This page does not know the parameter {name[:SHOWN]!r}. It knows: {', '.join(known) or 'none'}."
                )

    def choice(self, name: str, allowed: Collection[str], default: str = "") -> str:
        """An absent or empty value is the default."""
        value = self.values.get(name, "") or default
        self.refuse_unless(value in allowed or value == default, name, "Choose one that the page offers.")
        return value

    def number(self, name: str, *, default: int) -> int:
        value = self.values.get(name, "") or str(default)
        is_number = value.isascii() and value.isdecimal() and len(value) <= len(str(LARGEST))
        self.refuse_unless(is_number and int(value) > 0, name, "Write a whole number from 1 on.")
        return int(value)

    def refuse_unless(self, is_good: bool, name: str, hint: str) -> None:
        if not is_good:
            raise BadRequest(f"The parameter {name} is {self.values.get(name, '')[:SHOWN]!r}. {hint}")
