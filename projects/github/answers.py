"""What one HTTP exchange came to: an Answer, a Failure to get one, or a refusal raised. No network here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import SplitResult, urljoin, urlsplit

from requests.utils import parse_header_links

from projects.github.errors import clean, refusal

REDIRECTS = (301, 302, 303, 307, 308)
NOT_JSON = object()


@dataclass(frozen=True, slots=True)
class Reply:
    """The bytes that came back to `what` (method and path). `headers` are case-insensitive."""

    what: str
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """Decoded JSON (None for an empty body), the address of the next page, if there is one, and the headers."""

    data: object
    next_url: str | None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failure:
    """No usable answer. `sent`: the request may have reached GitHub. `repeat`: asking again may help.

    `refusal`: the headers of a 403 or 429 whose body could not be read, so that nobody knows whether it is a limit.
    """

    reason: str
    sent: bool
    repeat: bool
    refusal: Mapping[str, str] | None = None


def read_json(reply: Reply) -> object:
    """The body decoded; NOT_JSON for anything that is not."""
    if not reply.body:
        return None
    try:
        return json.loads(reply.body)
    except (ValueError, RecursionError):
        return NOT_JSON


def judge(reply: Reply, data: object) -> Answer | Failure:
    """Raises the rung of GitHubError for a 4xx; rate limits and redirects were dealt with before."""
    if reply.status >= 500:
        return Failure(f"GitHub answered {reply.status} to {reply.what}.", sent=True, repeat=True)
    if data is NOT_JSON:
        kind = clean(reply.headers.get("content-type", "no content type"))
        reason = f"GitHub's answer to {reply.what} ({reply.status}) is not valid JSON but {kind}."
        return Failure(reason, sent=True, repeat=True)
    if 200 <= reply.status < 300:
        return Answer(data, _next_url(reply.headers.get("link", "")), reply.headers)
    if 400 <= reply.status < 500 and reply.status != 408:
        needs = reply.headers.get("x-accepted-github-permissions") or reply.headers.get(
            "x-accepted-oauth-scopes"
        )
        raise refusal(reply.status, what=reply.what, body=data, needs=needs or "")
    return Failure(f"GitHub answered {reply.status} to {reply.what}.", sent=True, repeat=False)


def message_in(data: object) -> str:
    message = data.get("message") if isinstance(data, dict) else None
    return message if isinstance(message, str) else ""


def server_date(headers: Mapping[str, str]) -> datetime | None:
    """The moment of the answer on the server's clock."""
    try:
        return parsedate_to_datetime(headers.get("date", "")).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def redirect_target(url: str, location: str) -> str | None:
    """Where `location` leads from `url`; None when that is another server: our token may not go there."""
    try:
        target = urljoin(url, location)
        return target if _server(urlsplit(target)) == _server(urlsplit(url)) else None
    except ValueError:
        return None


def _server(url: SplitResult) -> tuple[str, str | None, int | None]:
    return url.scheme, url.hostname, url.port or {"https": 443, "http": 80}.get(url.scheme)


def _next_url(link: str) -> str | None:
    """https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api#using-link-headers"""
    links = parse_header_links(link) if link else []
    return next((entry["url"] for entry in links if entry.get("rel") == "next"), None)
