"""The HTTP between the product and the stand-in, in this process: what may go wrong on the way, and what was sent.

The product's own transport runs above this; only the network's adapter below `requests` is ours.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import BaseAdapter

from automation.demo.github.access import read_token
from automation.demo.github.messages import Reply, Request
from automation.demo.github.server import API_PREFIX
from projects.github.ratelimit import UNSAID_PAUSE
from tests.faults.boundaries import current
from tests.faults.loop import Killed, Worker

if TYPE_CHECKING:
    from tests.faults.world import World

CARRIED_OUT_SECONDS = 9.0
UNREADABLE = {"html": b"<html><h1>502</h1></html>", "empty": b"", "wrong_type": b'"yes"', "null": b"null"}


@dataclass
class Sent:
    """One request as the stand-in saw it; times in simulated seconds."""

    left_at: float
    token: str
    method: str
    path: str
    status: int
    job: str
    body: bytes = b""


@dataclass
class Trouble:
    """What happens to the next `times` requests that match, or to all between two moments.

    `what`: a status, html, empty, wrong_type, null, truncated, malformed (after the act), reset, timeout (before
    it), lost, slow (after it), primary, secondary, unsaid (limits of `seconds`).
    """

    what: str
    match: str = ""
    times: int = 1
    skip: int = 0
    since: float = 0.0
    until: float = 0.0
    seconds: float = 60.0

    def hits(self, what: str, now: float) -> bool:
        if not re.search(self.match, what):
            return False
        if self.until:
            return self.since <= now < self.until
        if now < self.since or self.times <= 0:
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.times -= 1
        return True


@dataclass
class Forbidden:
    """When nothing may be sent with a token. `known_to`: the worker that was told, as long as no other can know."""

    token: str
    since: float
    until: float
    known_to: Worker | None


class Wire(BaseAdapter):
    """An adapter for requests that leads to the stand-in."""

    def __init__(self, world: World, troubles: list[Trouble]) -> None:
        super().__init__()
        self.world, self.troubles = world, troubles
        self.sent: list[Sent] = []
        self.forbidden: list[Forbidden] = []

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        world, asked = self.world, _read(request)
        what = f"{asked.method} {re.sub(r'[0-9a-f]{40}|[0-9]+', 'N', asked.path)}"
        world.boundaries.come_to(f"before {what}")
        left_at = world.loop.now
        if asked.method != "GET":
            self._send_change(asked, what)
        world.pass_time(world.rng.uniform(0.05, 0.3))
        trouble = next((each for each in self.troubles if each.hits(what, world.loop.now)), None)
        if trouble is not None:
            world.tell(f"{trouble.what}: {what}")
        reply = self._carry(asked, trouble)
        token = read_token(asked.headers.get("authorization")) or ""
        worker = current()
        job = worker.job.kind if worker and worker.job else ""
        status = reply.status if isinstance(reply, Reply) else 0
        self.sent.append(Sent(left_at, token, asked.method, asked.path, status, job, asked.body))
        world.pass_time(world.rng.uniform(0.05, 0.3))
        if isinstance(reply, Reply):
            self._note_limit(token, reply, worker)
        world.boundaries.come_to(f"after {what}")
        if isinstance(reply, Exception):
            raise reply
        is_cut = trouble is not None and trouble.what == "truncated"
        return _response(request, reply, is_cut=is_cut)

    def _send_change(self, asked: Request, what: str) -> None:
        """Whoever dies now has sent it: GitHub carries it out all the same, some seconds later."""
        try:
            self.world.boundaries.come_to(f"sent {what}")
        except Killed:
            self.world.loop.at(self.world.loop.now + CARRIED_OUT_SECONDS, self._carry, asked, None)
            raise

    def close(self) -> None:
        """Nothing is open."""

    def _carry(self, asked: Request, trouble: Trouble | None) -> Reply | Exception:
        world, what = self.world, trouble.what if trouble else ""
        if what == "reset":
            return requests.ConnectionError(urllib3.exceptions.ProtocolError("Connection aborted."))
        if what == "timeout":
            world.pass_time(20)
            return requests.ReadTimeout()
        if what.isdigit():
            return Reply(int(what), b'{"message": "Server Error"}', {"Content-Type": "application/json"})
        if what in ("primary", "secondary", "unsaid") and trouble is not None:
            world.limit(trouble.seconds, secondary=what != "primary", announce=what != "unsaid")
        reply = world.answer(asked)
        if what == "lost":
            return requests.ConnectionError(urllib3.exceptions.ProtocolError("Connection aborted."))
        if what == "slow":
            world.pass_time(20)
            return requests.ReadTimeout()
        if what == "malformed":
            return Reply(reply.status, reply.body[: len(reply.body) // 2], reply.headers)
        if what in UNREADABLE:
            return Reply(502 if what == "html" else reply.status, UNREADABLE[what], {})
        return reply

    def learn(self, worker: Worker) -> None:
        """What only this worker knew is written down where all read it."""
        for limit in self.forbidden:
            if limit.known_to is worker:
                limit.known_to = None

    def silence(self, worker: Worker, until: float) -> None:
        """The worker is paused until then, or dead: what only it knows nobody else can obey meanwhile."""
        for limit in self.forbidden:
            if limit.known_to is worker:
                limit.since = until

    def _note_limit(self, token: str, reply: Reply, worker: Worker | None) -> None:
        """What GitHub's documentation asks of whoever gets this answer."""
        headers = {name.lower(): value for name, value in reply.headers.items()}
        if reply.status not in (403, 429):
            return
        now = self.world.loop.now
        if "retry-after" in headers:
            until = now + int(headers["retry-after"])
        elif headers.get("x-ratelimit-remaining") == "0":
            until = int(headers["x-ratelimit-reset"]) - self.world.epoch
        elif b"secondary rate limit" in reply.body:
            until = now + UNSAID_PAUSE.total_seconds()
        else:
            return
        self.forbidden.append(Forbidden(token, now, until, worker))


def _read(request: requests.PreparedRequest) -> Request:
    url = urlsplit(request.url or "")
    headers = {name.lower(): str(value) for name, value in request.headers.items()}
    body = request.body or b""
    raw = body.encode() if isinstance(body, str) else body
    return Request(request.method or "", url.path.removeprefix(API_PREFIX), url.query, headers, raw, "api")


def _response(request: requests.PreparedRequest, reply: Reply, *, is_cut: bool) -> requests.Response:
    body, headers = reply.body, dict(reply.headers)
    if is_cut:
        headers["Content-Length"] = str(len(body))
        body = body[: len(body) // 2]
    raw = urllib3.HTTPResponse(
        io.BytesIO(body),
        headers=headers,
        status=reply.status,
        preload_content=False,
        enforce_content_length=False,
    )
    if is_cut:
        raw.read1 = _break_off  # type: ignore[method-assign]
    response = requests.Response()
    response.status_code, response.headers, response.raw = reply.status, raw.headers, raw
    response.headers = requests.structures.CaseInsensitiveDict(headers)
    response.url, response.request = request.url or "", request
    return response


def _break_off(*_: Any, **__: Any) -> bytes:
    raise urllib3.exceptions.IncompleteRead(10, 10)
