"""The stand-in itself: starts and stops the server, and puts together what answers a request.

Request -> injected fault? -> token -> rate limit -> route -> ETag -> reply, all of it recorded.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from automation.demo.github import (
    account_routes,
    app_routes,
    branch_routes,
    consent_pages,
    git_http,
    hook_routes,
    issue_routes,
    pages,
    pull_routes,
    pull_rules,
)
from automation.demo.github.access import Gate, read_token
from automation.demo.github.accounts import Accounts
from automation.demo.github.announcing import Announcer
from automation.demo.github.apps import Apps
from automation.demo.github.messages import Exchange, Fault, Reply, Request
from automation.demo.github.payloads import Shapes
from automation.demo.github.refusals import Refusal
from automation.demo.github.routing import Answer, Call, Router
from automation.demo.github.server import API_PREFIX, Server
from automation.demo.github.state import Ledger
from automation.demo.github.upheaval import Upheaval

PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
ROUTER = Router(
    account=account_routes.ACCOUNT_ROUTES,
    repository=[
        *account_routes.REPOSITORY_ROUTES,
        *branch_routes.ROUTES,
        *hook_routes.ROUTES,
        *issue_routes.ROUTES,
        *pull_routes.ROUTES,
    ],
)


def utc_now() -> datetime:
    return datetime.now(UTC)


class StandIn(Upheaval):
    """A GitHub for one machine. `tokens` maps each accepted token to its login; a test may set the clock."""

    def __init__(
        self,
        tokens: dict[str, str],
        *,
        port: int = 0,
        root: Path | None = None,
        clock: Callable[[], datetime] = utc_now,
        limit: int = 5000,
        record: bool = True,
    ) -> None:
        self._temporary = None if root else Path(tempfile.mkdtemp(prefix="github-stand-in-"))
        ledger = Ledger(clock)
        super().__init__(
            ledger, root=root or self._temporary or Path(), gate=Gate(tokens, ledger, limit=limit)
        )
        self.apps = Apps(ledger, self._gate)
        self.accounts = Accounts(ledger, self._gate, self.apps)
        self.requests: list[Exchange] = []
        self.faults: list[Fault] = []
        self._record = record
        self._stopping = threading.Event()
        self._server = Server(port, self.answer)
        self.web_url = f"http://127.0.0.1:{self._server.server_port}"
        self.api_url = self.web_url + API_PREFIX
        self._shapes = Shapes(ledger, api_url=self.api_url, web_url=self.web_url)
        ledger.on_change = Announcer(ledger, self._shapes, self.apps, self._lock)

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._ledger.postman.stop()
        self._server.stop()
        if self._temporary:
            shutil.rmtree(self._temporary, ignore_errors=True)

    def answer(self, request: Request) -> Reply | None:
        """The reply to one request, or None to hang up. Called by the server's threads."""
        came_at = self._ledger.clock()
        with self._lock:
            fault = next((fault for fault in self.faults if fault.takes(request)), None)
        reply = self._spoil(request, fault) if fault else self._serve(request)
        if self._record:
            status, body = (reply.status, reply.body) if reply else (0, b"")
            asked = (request.method, request.path, request.query, request.headers, request.body)
            seen = Exchange(*asked, status, body, request.kind, injected=fault is not None, at=came_at)
            self.requests.append(seen)
        return reply

    def _spoil(self, request: Request, fault: Fault) -> Reply | None:
        token = read_token(request.headers.get("authorization")) or ""
        match fault.action:
            case "answer":
                return Reply(
                    fault.status, fault.body.encode(), {"Content-Type": "application/json"} | fault.headers
                )
            case "html":
                page = (
                    fault.body
                    or f"<html><body><h1>{fault.status} {HTTPStatus(fault.status).phrase}</h1></body></html>"
                )
                return Reply(fault.status, page.encode(), {"Content-Type": "text/html"} | fault.headers)
            case "malformed":
                reply = self._serve(request)
                return Reply(reply.status, reply.body[: len(reply.body) // 2], reply.headers)
            case "drop_before":
                return None
            case "drop_after":
                self._serve(request)
                return None
            case "delay":
                self._stopping.wait(fault.seconds)
            case "revoke":
                self.revoke(token)
            case "primary" | "secondary" if token in self._gate.tokens:
                with self._lock:
                    secondary = fault.action == "secondary"
                    self._gate.limit_now(
                        token, seconds=fault.seconds, secondary=secondary, announce=fault.announce
                    )
            case unknown:
                raise ValueError(f"unknown fault action {unknown!r}")
        return self._serve(request)

    def _serve(self, request: Request) -> Reply:
        if request.kind == "git":
            return self._serve_git(request)
        with self._lock:
            return self._serve_api(request) if request.kind == "api" else self._serve_page(request)

    def _serve_git(self, request: Request) -> Reply:
        """The pack is moved outside the lock; a push then moves the heads of open pull requests."""
        try:
            with self._lock:
                environment = git_http.authorize(request, self._ledger, self._gate, self.apps)
        except Refusal as refusal:
            return git_http.refuse(refusal)
        reply = git_http.answer(request, environment)
        if request.path.endswith("/git-receive-pack"):
            with self._lock:
                for repo in self._ledger.repositories.values():
                    pull_rules.refresh(self._ledger, repo)
        return reply

    def _serve_page(self, request: Request) -> Reply:
        headers = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": PAGE_POLICY}
        if asked := consent_pages.answer(request, self.accounts, self.apps):
            return Reply(asked.status, asked.body, headers | asked.headers)
        page = pages.render(self._ledger, request.path) if request.method == "GET" else None
        return Reply(200 if page else 404, (page or "<h1>404 Not Found</h1>").encode(), headers)

    def _serve_api(self, request: Request) -> Reply:
        headers: dict[str, str] = {"X-GitHub-Media-Type": "github.v3; format=json"}
        headers["Date"] = format_datetime(self._ledger.clock(), usegmt=True)
        token = None
        try:
            if not request.headers.get("user-agent"):
                raise Refusal(403, "Request forbidden by administrative rules. Set a User-Agent header.")
            if app_routes.MINE.fullmatch(request.path):
                answer = app_routes.answer(request, self.apps, self._shapes)
            else:
                token, login = self._gate.login(request.headers.get("authorization"))
                answer = self._answer_to(token, login, request)
        except Refusal as refusal:
            answer = Answer(refusal.status, refusal.payload(), refusal.headers)
        body = b"" if answer.status == 204 else json.dumps(answer.body, ensure_ascii=False).encode()
        etag = f'W/"{hashlib.sha256(str(token).encode() + body).hexdigest()}"'  # GitHub's holds for one token
        if request.method == "GET" and answer.status == 200:
            headers["ETag"] = etag
            if token and etag in request.headers.get("if-none-match", ""):
                self._gate.window(token).used -= 1
                answer.status, body = 304, b""
        if token in self._gate.tokens:
            headers |= self._gate.headers(token)
        if body:
            headers["Content-Type"] = "application/json; charset=utf-8"
        return Reply(answer.status, body, headers | answer.headers)

    def _answer_to(self, token: str, login: str, request: Request) -> Answer:
        if request.path == "/rate_limit":
            return Answer(body=self._gate.overview(token))
        self._gate.count(token)
        self.apps.check(token, request.method, request.path)
        return self._route(request, login)

    def _route(self, request: Request, login: str) -> Answer:
        body: Any = None
        if request.body:
            try:
                body = json.loads(request.body)
            except ValueError:
                raise Refusal(400, "Problems parsing JSON") from None
        return ROUTER.answer(
            Call(request.method, request.path, request.query, body, login, self._ledger, self._shapes)
        )
