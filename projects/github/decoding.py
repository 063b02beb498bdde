"""Reads fields of decoded JSON strictly: the right type, or MalformedPayload with the field's name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from projects.github.errors import GitHubUnavailable, clean

LARGEST_NUMBER = 2**63 - 1  # what a database column holds
UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")  # NUL and lone surrogates: no database takes them


class MalformedPayload(GitHubUnavailable):
    """A field of GitHub's answer is missing or of the wrong type."""

    def __init__(self, field: str) -> None:
        self.field = field
        super().__init__(f"GitHub's answer has no valid {clean(field)!r}.")


class Fields:
    """One JSON object and the path that led to it, such as `head.` in a pull request."""

    def __init__(self, value: object, path: str = "") -> None:
        if not isinstance(value, dict):
            raise MalformedPayload(path.rstrip(".") or "object")
        self.value: dict[str, Any] = value
        self.path = path

    def broken(self, name: str) -> MalformedPayload:
        return MalformedPayload(f"{self.path}{name}")

    def text(self, name: str) -> str:
        value = self.value.get(name)
        if not isinstance(value, str) or not value:
            raise self.broken(name)
        return UNSTORABLE.sub("\ufffd", value)

    def text_or_empty(self, name: str) -> str:
        """A text that may be null, missing or empty."""
        return self.text(name) if self.value.get(name) not in (None, "") else ""

    def number(self, name: str) -> int:
        value = self.value.get(name)
        if type(value) is not int or not 0 < value <= LARGEST_NUMBER:
            raise self.broken(name)
        return value

    def flag(self, name: str, *, default: bool | None = None) -> bool:
        value = self.value.get(name, default)
        if not isinstance(value, bool):
            raise self.broken(name)
        return value

    def flag_or_none(self, name: str) -> bool | None:
        return None if self.value.get(name) is None else self.flag(name)

    def choice(self, name: str, *allowed: str) -> str:
        value = self.text(name)
        if value not in allowed:
            raise self.broken(name)
        return value

    def moment(self, name: str) -> datetime:
        try:
            moment = datetime.fromisoformat(self.text(name))
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            raise self.broken(name) from None

    def moment_or_none(self, name: str) -> datetime | None:
        return None if self.value.get(name) is None else self.moment(name)

    def child(self, name: str) -> Fields:
        return Fields(self.value.get(name), f"{self.path}{name}.")

    def child_or_none(self, name: str) -> Fields | None:
        return None if self.value.get(name) is None else self.child(name)

    def items(self, name: str, *, default: Sequence[object] | None = None) -> Sequence[object]:
        value = self.value.get(name, default)
        if not isinstance(value, list | tuple):
            raise self.broken(name)
        return value

    def login(self, name: str) -> str:
        """A user's login; empty for a deleted account, which GitHub shows as null."""
        user = self.child_or_none(name)
        return user.text("login") if user else ""
