"""What GitHub tells of a token beside its login: scopes and the end of its life, both in headers.

https://docs.github.com/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps
https://docs.github.com/authentication/keeping-your-account-and-data-secure/token-expiration-and-revocation
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from projects.github.decoding import Fields
from projects.github.errors import clean

SCOPES = "x-oauth-scopes"
EXPIRATION = "github-authentication-token-expiration"
FORMS = ("%Y-%m-%d %H:%M:%S UTC", "%Y-%m-%d %H:%M:%S %z")


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """`scopes` is None for a fine-grained token: GitHub does not tell its permissions. No end: None."""

    login: str
    scopes: tuple[str, ...] | None
    expires_at: datetime | None

    def may_write(self, *, private: bool) -> bool | None:
        """Whether the scopes let it write to a repository; None when they are not told."""
        if self.scopes is None:
            return None
        return "repo" in self.scopes or (not private and "public_repo" in self.scopes)


def decode_token(raw: object, headers: Mapping[str, str]) -> TokenFacts:
    scopes, end = decode_scopes(headers.get(SCOPES)), decode_end(headers.get(EXPIRATION))
    return TokenFacts(Fields(raw).text("login"), scopes, end)


def shown_in(status: int, headers: Mapping[str, str]) -> dict[str, str | None]:
    """The two headers of any answer. That one is absent (None) says something in a good answer only."""
    names = (SCOPES, EXPIRATION)
    return {name: headers.get(name) for name in names if name in headers or 200 <= status < 300}


def decode_scopes(told: str | None) -> tuple[str, ...] | None:
    return None if told is None else tuple(clean(word) for word in told.split(",") if word.strip())


def decode_end(told: str | None) -> datetime | None:
    """The header's own form; anything else counts as not told."""
    for form in FORMS:
        try:
            found = datetime.strptime((told or "").strip(), form)
        except ValueError:
            continue
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    return None
