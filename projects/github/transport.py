"""The only place that talks HTTP to GitHub: timeouts, limits, redirects, repeats, the pause between changes.

It never waits for a rate limit: while one is in force, no request is sent and GitHubRateLimited is raised.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import requests
import urllib3
from django.utils import timezone
from requests.auth import AuthBase

from projects.github import answers, ratelimit
from projects.github.answers import Answer, Failure, Reply
from projects.github.errors import (
    BadCredentials,
    GitHubRateLimited,
    GitHubUnavailable,
    Moved,
    MutationUnknown,
    clean,
)
from projects.github.ratelimit import RateLimit
from projects.redaction import register

HEADERS = {
    "Accept": "application/vnd.github+json",
    "User-Agent": "Autowrkers",
    "X-GitHub-Api-Version": "2022-11-28",
}
TIMEOUT_SECONDS = (5, 20)  # to connect, between two pieces of the answer
TOTAL_SECONDS = 30
LARGEST_BODY = 50 * 1024 * 1024
PIECE = 64 * 1024
MOST_REDIRECTS = 3
LOOK_AFTER = timedelta(seconds=10)  # a change whose answer was lost may take a moment to show

logger = logging.getLogger(__name__)


class _BearerToken(AuthBase):
    """Puts the token on a request and shows it nowhere else."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class _Session(requests.Session):
    """Prepares no redirect: requests would read its body without a limit first."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None


class Transport:
    """Requests with one token to one API. `rate` is what is known of its limit; each answer renews it.

    An answer may take `patience_seconds` from its first byte to its last.
    """

    def __init__(
        self,
        api_url: str,
        token: str,
        *,
        rate: RateLimit | None = None,
        on_rate: Callable[[RateLimit], None] | None = None,
        mutation_interval_seconds: float = 1.0,
        patience_seconds: float = TOTAL_SECONDS,
        now: Callable[[], datetime] = timezone.now,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise BadCredentials("The token is empty or holds characters that no GitHub token has.")
        register(token)
        self.api_url = api_url.rstrip("/")
        self.rate = rate or RateLimit()
        self.server_date: datetime | None = None
        self.now = now
        self._auth = _BearerToken(token)
        self._on_rate = on_rate
        self._interval = mutation_interval_seconds
        self._patience = patience_seconds
        self._last_mutation: float | None = None
        self._monotonic, self._sleep = monotonic, sleep
        self._session = _Session()
        self._session.trust_env = False  # no proxy, no netrc, no CA bundle out of the environment

    def __repr__(self) -> str:
        return f"Transport({self.api_url!r})"

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Answer:
        """Asks once more, at once, when that may help."""
        result = self._follow(self.api_url + path, params)
        if isinstance(result, Failure) and result.repeat:
            result = self._follow(self.api_url + path, params)
        if isinstance(result, Failure):
            raise GitHubUnavailable(result.reason)
        return result

    def pages(self, path: str, params: Mapping[str, str] | None = None) -> Iterator[Answer]:
        """A list page by page, as `Link` leads: never by counting."""
        answer = self.get(path, {**(params or {}), "per_page": "100"})
        yield answer
        seen: set[str] = set()
        while (url := answer.next_url) is not None:
            if url in seen or not url.startswith(f"{self.api_url}/"):
                raise GitHubUnavailable(f"GitHub's list of {path} leads to a wrong next page: {clean(url)}.")
            seen.add(url)
            answer = self.get(url.removeprefix(self.api_url))
            yield answer

    def mutate(self, method: str, path: str, payload: Mapping[str, object]) -> Answer:
        """A change, at least the interval after the last one, and never sent twice."""
        if self._last_mutation is not None:
            self._sleep(max(0.0, self._last_mutation + self._interval - self._monotonic()))
        try:
            result = self._exchange(method, self.api_url + path, payload=payload)
        finally:
            self._last_mutation = self._monotonic()
        if isinstance(result, Reply):
            raise Moved(f"GitHub redirects {result.what}: it was not done.")
        if isinstance(result, Failure):
            if result.sent:
                raise MutationUnknown(result.reason, retry_at=self.now() + LOOK_AFTER)
            raise GitHubUnavailable(result.reason)
        return result

    def _follow(self, url: str, params: Mapping[str, str] | None) -> Answer | Failure:
        """A GET through redirects within the API's own server.

        https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects
        """
        for _ in range(1 + MOST_REDIRECTS):
            result = self._exchange("GET", url, params=params)
            if not isinstance(result, Reply):
                return result
            location = result.headers["location"]
            target = answers.redirect_target(url, location)
            if target is None:
                raise Moved(f"GitHub redirects {result.what} to another server: {clean(location)}.")
            url, params = target, None
        raise Moved(f"GitHub redirects again and again, last to {clean(url)}.")

    def _exchange(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        payload: Mapping[str, object] | None = None,
    ) -> Answer | Failure | Reply:
        """One request. A Reply is a redirect, for the caller to follow or to refuse."""
        blocked_until = self.rate.blocked_until(self.now())
        if blocked_until is not None:
            raise GitHubRateLimited(blocked_until)
        reply = self._receive(method, url, params=params, payload=payload)
        if isinstance(reply, Failure):
            logger.info("%s", reply.reason)
            return reply
        data = answers.read_json(reply)
        self._note_limits(reply, data)
        logger.debug("%s answered %s, remaining=%s", reply.what, reply.status, self.rate.remaining)
        if reply.status in answers.REDIRECTS and reply.headers.get("location"):
            return reply
        return answers.judge(reply, data)

    def _receive(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None,
        payload: Mapping[str, object] | None,
    ) -> Reply | Failure:
        """The network's failures end here, as words: their exceptions carry the request and so the token."""
        what = f"{method} {urlsplit(url).path}"
        try:
            with self._session.request(
                method,
                url,
                params=params,
                json=payload,
                headers=HEADERS,
                auth=self._auth,
                timeout=(min(TIMEOUT_SECONDS[0], self._patience), min(TIMEOUT_SECONDS[1], self._patience)),
                allow_redirects=False,
                stream=True,
            ) as response:
                body = self._read(response)
                if isinstance(body, Failure):
                    return Failure(f"{body.reason} ({what})", sent=True, repeat=body.repeat)
                return Reply(what, response.status_code, response.headers, body)
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            reason = f"GitHub gave no whole answer to {what} ({type(error).__name__})."
            timed_out = isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError)
            return Failure(reason, sent=not _is_unreachable(error), repeat=not timed_out)

    def _read(self, response: requests.Response) -> bytes | Failure:
        """The body, decompressed piece by piece, within the limits of size and time."""
        body, deadline = bytearray(), self._monotonic() + self._patience
        while piece := response.raw.read1(PIECE, decode_content=True):
            body += piece
            if len(body) > LARGEST_BODY:
                return Failure("GitHub's answer is larger than 50 MB", sent=True, repeat=False)
            if self._monotonic() > deadline:
                return Failure("GitHub's answer came too slowly", sent=True, repeat=False)
        return bytes(body)

    def _note_limits(self, reply: Reply, data: object) -> None:
        now = self.now()
        self.server_date = answers.server_date(reply.headers) or self.server_date
        limited = ratelimit.is_limited(reply.status, reply.headers, answers.message_in(data))
        rate = ratelimit.read(reply.headers, limited=limited, now=now)
        if rate == RateLimit():
            return
        self.rate = rate
        if self._on_rate is not None:
            self._on_rate(rate)
        if limited:
            raise GitHubRateLimited(rate.blocked_until(now) or now)


def _is_unreachable(error: Exception) -> bool:
    """Did the request certainly not leave? Then a change was certainly not made."""
    reason = error.args[0] if error.args else None
    cause = getattr(reason, "reason", reason)
    return isinstance(error, requests.ConnectTimeout) or isinstance(
        cause, urllib3.exceptions.NewConnectionError
    )
