"""The only place that talks HTTP to GitHub: timeouts, redirects, repeats, answers that still hold.

A meter is asked before each request: while a rate limit is in force, none is sent and GitHubRateLimited is raised.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TypeVar
from urllib.parse import urlsplit

import requests
import urllib3
from requests.auth import AuthBase

from projects.github import answers, ratelimit
from projects.github.answers import Answer, Failure, Reply
from projects.github.conditional import Question
from projects.github.decoding import MalformedPayload
from projects.github.errors import (
    BadCredentials,
    GitHubUnavailable,
    Moved,
    MutationUnknown,
    NotFound,
    clean,
)
from projects.github.meter import ASKING, LocalMeter, Meter
from projects.github.token import shown_in
from projects.redaction import register
from projects.validators import is_repo, is_token

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

Decoded = TypeVar("Decoded")
logger = logging.getLogger(__name__)


class _BearerToken(AuthBase):
    """Puts the token on a request and shows it nowhere else."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def repository_path(repo: str) -> str:
    """Raises NotFound for what is no "owner/name": it never becomes a part of an address."""
    if not is_repo(repo):
        raise NotFound(f"{repo!r} is not the name of a repository.")
    return f"/repos/{repo}"


class _Session(requests.Session):
    """Prepares no redirect: requests would read its body without a limit first."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None


class Transport:
    """Requests with one token to one API. An answer may take `patience_seconds` from its first byte to its last.

    `remembered_by` is the credential that keeps the answers to `polled` questions; without one none is kept.
    """

    def __init__(
        self,
        api_url: str,
        token: str,
        *,
        meter: Meter | None = None,
        remembered_by: int | None = None,
        patience_seconds: float = TOTAL_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        if not is_token(token):
            raise BadCredentials("The token is empty or holds characters that no GitHub token has.")
        register(token)
        self.api_url = api_url.rstrip("/")
        self.server_date: datetime | None = None
        self.token_headers: dict[str, str | None] = {}  # what the answers so far show of the token
        self.meter = meter or LocalMeter()
        self._auth: AuthBase = _BearerToken(token)
        self._remembered_by = remembered_by
        self._before_change: Callable[[], None] = lambda: None
        self._patience = patience_seconds
        self._monotonic = monotonic
        self._session = _Session()
        self._session.trust_env = False  # no proxy, no netrc, no CA bundle out of the environment

    def __repr__(self) -> str:
        return f"Transport({self.api_url!r})"

    def now(self) -> datetime:
        return self.meter.now()

    def get(self, path: str, params: Mapping[str, str] | None = None, *, polled: bool = False) -> Answer:
        """Asks once more, at once, when that may help. `polled`: it is asked again and again."""
        result = self._follow(self.api_url + path, params, polled=polled)
        if isinstance(result, Failure) and result.repeat:
            result = self._follow(self.api_url + path, params, polled=polled)
        if isinstance(result, Failure):
            raise GitHubUnavailable(result.reason)
        return result

    def pages(
        self, path: str, params: Mapping[str, str] | None = None, *, polled: bool = False
    ) -> Iterator[Answer]:
        """A list page by page, as `Link` leads: never by counting."""
        answer = self.get(path, {**(params or {}), "per_page": "100"}, polled=polled)
        yield answer
        seen: set[str] = set()
        while (url := answer.next_url) is not None:
            if url in seen or not url.startswith(f"{self.api_url}/"):
                raise GitHubUnavailable(f"GitHub's list of {path} leads to a wrong next page: {clean(url)}.")
            seen.add(url)
            answer = self.get(url.removeprefix(self.api_url), polled=polled)
            yield answer

    @contextmanager
    def guarded(self, check: Callable[[], None]) -> Iterator[None]:
        """Meanwhile `check` may raise what keeps a change back, as the last thing before it leaves."""
        before, self._before_change = self._before_change, check
        try:
            yield
        finally:
            self._before_change = before

    def mutate(
        self, method: str, path: str, payload: Mapping[str, object] | None, *, makes_content: bool = True
    ) -> Answer:
        """A change, at its distance from the one before, and never sent twice."""
        url = self.api_url + path
        result = self._exchange(method, url, payload=payload, makes_content=makes_content)
        if isinstance(result, Reply):
            raise Moved(f"GitHub redirects {result.what}: it was not done.")
        if isinstance(result, Failure):
            if result.sent:
                raise MutationUnknown(result.reason, retry_at=self.now() + LOOK_AFTER)
            raise GitHubUnavailable(result.reason)
        return result

    def change(
        self, method: str, path: str, payload: Mapping[str, object], decode: Callable[[object], Decoded]
    ) -> Decoded:
        """A change and its decoded answer. An unreadable answer to a change that was made is a lost one."""
        data = self.mutate(method, path, payload).data
        try:
            return decode(data)
        except MalformedPayload as error:
            raise MutationUnknown(error.message, retry_at=self.now() + LOOK_AFTER) from error

    def _follow(self, url: str, params: Mapping[str, str] | None, *, polled: bool) -> Answer | Failure:
        """A GET through redirects within the API's own server.

        https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects
        """
        for _ in range(1 + MOST_REDIRECTS):
            result = self._exchange("GET", url, params=params, polled=polled)
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
        polled: bool = False,
        makes_content: bool = True,
    ) -> Answer | Failure | Reply:
        """One request. A Reply is a redirect, for the caller to follow or to refuse."""
        self.meter.admit(method, makes_content=makes_content)
        if method not in ASKING:
            self._before_change()
        question = Question(self._remembered_by, self._auth) if polled and self._remembered_by else None
        reply = self._receive(method, url, params=params, payload=payload, auth=question or self._auth)
        if isinstance(reply, Failure):
            logger.info("%s", reply.reason)
            if reply.refusal is not None:
                self.meter.note(method, reply.refusal, limited=True)
            return reply
        self.server_date = answers.server_date(reply.headers) or self.server_date
        self.token_headers |= shown_in(reply.status, reply.headers)
        logger.debug("%s answered %s", reply.what, reply.status)
        if question is not None:
            reply = question.resolve(reply)
        data = answers.read_json(reply)
        limited = ratelimit.is_limited(reply.status, reply.headers, answers.message_in(data))
        self.meter.note(method, reply.headers, limited=limited)
        if reply.status in answers.REDIRECTS and reply.headers.get("location"):
            return reply
        answer = answers.judge(reply, data)
        if question is not None and isinstance(answer, Answer):
            question.keep(reply)
        return answer

    def _receive(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None,
        payload: Mapping[str, object] | None,
        auth: AuthBase,
    ) -> Reply | Failure:
        """The network's failures end here, as words: their exceptions carry the request and so the token."""
        what, refusal = f"{method} {urlsplit(url).path}", None
        try:
            with self._session.request(
                method,
                url,
                params=params,
                json=payload,
                headers=HEADERS,
                auth=auth,
                timeout=(min(TIMEOUT_SECONDS[0], self._patience), min(TIMEOUT_SECONDS[1], self._patience)),
                allow_redirects=False,
                stream=True,
            ) as response:
                refusal = response.headers if response.status_code in ratelimit.STATUSES else None
                body = self._read(response)
                if isinstance(body, Failure):
                    return Failure(f"{body.reason} ({what})", sent=True, repeat=False, refusal=refusal)
                return Reply(what, response.status_code, response.headers, body)
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            reason = f"GitHub gave no whole answer to {what} ({type(error).__name__})."
            timed_out = isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError)
            repeat = not timed_out and refusal is None
            return Failure(reason, sent=not _is_unreachable(error), repeat=repeat, refusal=refusal)

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


def _is_unreachable(error: Exception) -> bool:
    """Did the request certainly not leave? Then a change was certainly not made."""
    reason = error.args[0] if error.args else None
    cause = getattr(reason, "reason", reason)
    return isinstance(error, requests.ConnectTimeout) or isinstance(
        cause, urllib3.exceptions.NewConnectionError
    )
