"""Keeps secrets out of what people and programs read later: logs, transcripts, messages, stored output.

A secret is known because it was registered, or because it has a well-known shape. A secret split over two
texts is not found: the caller joins them first.
"""

from __future__ import annotations

import base64
import json
import logging
import os
import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote

MASK = "[redacted]"
SHORTEST = 8

# Every alternative begins at a word's edge, so that a long hostile text is read once, not once per character.
SHAPES = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"gh[pousr]_[A-Za-z0-9_.\-]{16,}"
    r"|github_pat_[A-Za-z0-9_]{16,}"
    r"|xox[a-z]-[A-Za-z0-9-]{10,}"
    r"|A[KS]IA[0-9A-Z]{16}(?![0-9A-Z])"
    r")"
    r"|(?<![A-Za-z0-9_-])(?:"
    r"sk-ant-[A-Za-z0-9_-]{8,}"
    r"|sk-(?=[A-Za-z_-]*[0-9])[A-Za-z0-9_-]{20,}"
    r"|aw_[A-Za-z0-9_-]{20,}"
    r"|eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"
    r")"
)
# One of these is in every text that SHAPES matches. Looking for them first is several times as fast.
CLUES = ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "xox", "AKIA", "ASIA", "sk-", "aw_", "eyJ")


SECRET_NAME = re.compile("KEY|TOKEN|SECRET|PASSWORD")


class _Known:
    """The secrets of this process in every spelling; the pattern of them all is compiled when it is first needed."""

    def __init__(self) -> None:
        self.secrets: set[str] = set()
        self.spellings: dict[str, str] = {}
        self._pattern: re.Pattern[str] | None = None

    def add(self, secret: str) -> None:
        if secret not in self.secrets:
            self.spellings = self.spellings | _spellings(secret)
            self.secrets.add(secret)
            self._pattern = None

    def mask_in(self, text: str) -> str:
        pattern = self._pattern
        if pattern is None:
            longest_first = sorted(self.spellings.values(), key=len, reverse=True)
            self._pattern = pattern = re.compile("|".join(longest_first))
        return pattern.sub(MASK, text)

    def is_in(self, text: str) -> bool:
        return any(spelling in text for spelling in self.spellings)


_known = _Known()


def register(secret: str) -> None:
    """Mask `secret` in every text from now on. Under eight characters it is ignored: it would mask words."""
    secret = secret.strip()
    if len(secret) >= SHORTEST:
        _known.add(secret)


def redact(text: str) -> str:
    """`text` with every registered secret, plain or encoded, and every well-known token shape masked."""
    if _known.is_in(text):
        text = _known.mask_in(text)
    return SHAPES.sub(MASK, text) if any(clue in text for clue in CLUES) else text


def redact_lines(lines: Sequence[str]) -> list[str]:
    """Each of `lines` redacted; at the price of a single text where there is nothing to mask."""
    whole = "\n".join(lines)
    return list(lines) if redact(whole) == whole else [redact(line) for line in lines]


def register_variables(names: Iterable[str]) -> None:
    """Register the values of those environment variables whose names speak of a secret."""
    for name in names:
        if SECRET_NAME.search(name):
            register(os.environ.get(name, ""))


class Search:
    """Whether a registered secret, plain or encoded, is in a text that comes piece by piece."""

    def __init__(self) -> None:
        self.has_found = False
        self._longest = max(map(len, _known.spellings), default=0)
        self._end = ""

    def add(self, piece: str) -> None:
        text = self._end + piece
        self.has_found = self.has_found or _known.is_in(text)
        self._end = text[max(0, len(text) - self._longest) :]


class RedactingFilter(logging.Filter):
    """Redacts a record's message, traceback and stack before any handler writes them."""

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            message = record.getMessage()
        except (TypeError, ValueError, KeyError):
            message = f"{record.msg!r} {record.args!r}"
        record.msg, record.args = redact(message), None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = redact(record.exc_text)
        if record.stack_info:
            record.stack_info = redact(record.stack_info)
        return True


def _spellings(secret: str) -> dict[str, str]:
    """The secret as it is, quoted for a URL or JSON, and in base64, alone or inside a text; a pattern for each."""
    plain = {secret, quote(secret, safe=""), json.dumps(secret)[1:-1]}
    encoded = {core for before in range(3) for core in _base64_cores(secret, before)}
    return {spelling: re.escape(spelling) for spelling in plain} | {
        core: re.escape(core) + "[A-Za-z0-9+/_-]{0,2}={0,2}" for core in encoded
    }


def _base64_cores(secret: str, before: int) -> set[str]:
    """The base64 characters that `secret` alone decides when `before` bytes (modulo 3) precede it.

    `x-access-token:SECRET`, git's basic authentication, is one such text.
    """
    data = b"\0" * before + secret.encode()
    start = (before * 8 + 5) // 6
    end = len(data) * 8 // 6
    return {
        base64.b64encode(data).decode()[start:end],
        base64.urlsafe_b64encode(data).decode()[start:end],
    }
