"""The kinds of failure the product knows: the world is busy, or a person must change something.

Anything else that is raised is a bug. A failed agent or a red check is none of these: it is an outcome.
"""

from __future__ import annotations

from datetime import datetime


def ended(text: str) -> str:
    """The text with a full stop, so that another sentence may follow."""
    text = text.rstrip()
    return text if not text or text.endswith((".", "!", "?", ":", "…")) else f"{text}."


class AutowrkersError(Exception):
    """A failure with a stable `code`, a `message` for people and a `remedy` that says what to do about it."""

    def __init__(self, code: str, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{ended(self.message)} {self.remedy}" if self.remedy else self.message


class Retryable(AutowrkersError):
    """The world is busy. Park until `retry_at` (None: the caller's own back-off); no attempt is used."""

    def __init__(
        self, code: str, message: str, remedy: str = "", *, retry_at: datetime | None = None
    ) -> None:
        super().__init__(code, message, remedy)
        self.retry_at = retry_at


class RateLimited(Retryable):
    """A remote service told us when we may call again."""


class OperatorError(AutowrkersError):
    """A person must change something first. Message and remedy are shown as they are."""


class Cancelled(AutowrkersError):
    """Work was ended on purpose: a person asked, the lease was lost, or the worker is shutting down."""
