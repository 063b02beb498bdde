"""Who may ask, and how often: tokens, GitHub's hourly limit and its secondary limit."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime, timedelta

from automation.demo.github.refusals import Refusal
from automation.demo.github.state import Ledger

WINDOW = timedelta(hours=1)


@dataclass
class Window:
    """One token's hour, and until when it is refused, and why."""

    reset_at: datetime
    used: int = 0
    refused_until: datetime | None = None
    secondary: bool = False
    announce: bool = True


@dataclass(frozen=True)
class Passport:
    """What GitHub tells of a token in headers. `scopes` None: a fine-grained token."""

    scopes: str | None = "repo"
    expires_at: datetime | None = None

    def headers(self) -> dict[str, str]:
        shown = {} if self.scopes is None else {"X-OAuth-Scopes": self.scopes}
        if self.expires_at is not None:
            shown["GitHub-Authentication-Token-Expiration"] = f"{self.expires_at:%Y-%m-%d %H:%M:%S} UTC"
        return shown


class Gate:
    """Knows the tokens and counts their requests."""

    def __init__(self, tokens: dict[str, str], ledger: Ledger, *, limit: int) -> None:
        self.tokens = dict(tokens)
        self.limit = limit
        self._ledger = ledger
        self._windows: dict[str, Window] = {}
        self.passports: dict[str, Passport] = {}
        self.ends: dict[str, datetime] = {}

    def login(self, header: str | None) -> tuple[str, str]:
        """The token of an Authorization header, as bearer or as a password, and whose it is."""
        token = read_token(header)
        if token is None:
            raise Refusal(401, "Requires authentication")
        if token not in self.tokens or self.ends.get(token, self._ledger.now()) < self._ledger.now():
            raise Refusal(401, "Bad credentials")
        return token, self.tokens[token]

    def window(self, token: str) -> Window:
        now = self._ledger.now()
        window = self._windows.get(token)
        if window is None or window.reset_at <= now:
            window = self._windows[token] = Window(reset_at=now + WINDOW)
        return window

    def limit_now(self, token: str, *, seconds: float, secondary: bool, announce: bool = True) -> None:
        """Refuse this token for a while, as after too many requests."""
        window = self.window(token)
        window.refused_until = self._ledger.now() + timedelta(seconds=seconds)
        window.secondary, window.announce = secondary, announce
        if not secondary:
            window.used, window.reset_at = self.limit, window.refused_until

    def count(self, token: str) -> None:
        """Take one request from the token's hour, or refuse it."""
        window, now = self.window(token), self._ledger.now()
        if window.secondary and window.refused_until and window.refused_until > now:
            raise Refusal(
                403,
                "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
            )
        if window.used >= self.limit:
            user = self._ledger.user_id(self.tokens[token])
            raise Refusal(403, f"API rate limit exceeded for user ID {user}.")
        window.used += 1

    def headers(self, token: str) -> dict[str, str]:
        window, now = self.window(token), self._ledger.now()
        shown = self.passports.get(token, Passport()).headers() | {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.limit - window.used),
            "X-RateLimit-Used": str(window.used),
            "X-RateLimit-Reset": str(int(window.reset_at.timestamp())),
            "X-RateLimit-Resource": "core",
        }
        if window.secondary and window.announce and window.refused_until and window.refused_until > now:
            shown["Retry-After"] = str(int((window.refused_until - now).total_seconds()))
        return shown

    def overview(self, token: str) -> dict[str, object]:
        window = self.window(token)
        core = {
            "limit": self.limit,
            "used": window.used,
            "remaining": self.limit - window.used,
            "reset": int(window.reset_at.timestamp()),
        }
        return {"resources": {"core": core, "search": core}, "rate": core}


def read_token(header: str | None) -> str | None:
    scheme, _, value = (header or "").partition(" ")
    if scheme.lower() in ("bearer", "token"):
        return value.strip() or None
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value).decode().partition(":")[2] or None
        except (binascii.Error, UnicodeDecodeError):
            return None
    return None
