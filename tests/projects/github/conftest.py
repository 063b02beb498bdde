"""A server on loopback that gives prepared answers in their order and records what it was asked."""

from __future__ import annotations

import json
import threading
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from projects.github.client import GitHubClient
from projects.github.meter import LocalMeter
from projects.github.transport import Transport

TOKEN = "ghx-canary-token-0123456789"


@dataclass(frozen=True)
class Reply:
    """`data` is sent as JSON, `body` as it is. `missing`: bytes announced, never sent. `drop`: hang up."""

    data: object = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    missing: int = 0
    drop: bool = False


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    payload: object


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        size = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(size)
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        headers = {name.lower(): value for name, value in self.headers.items()}
        payload = json.loads(body) if body else None
        self.server.asked.append(Asked(self.command, url.path, query, headers, payload))
        reply = self.server.replies.popleft()
        self.close_connection = reply.drop or reply.missing > 0
        if not reply.drop:
            self.send(reply)

    def send(self, reply):
        body = json.dumps(reply.data).encode() if reply.body is None else reply.body
        self.send_response_only(reply.status)
        headers = {"Content-Type": "application/json", "Content-Length": str(len(body) + reply.missing)}
        for name, value in (headers | reply.headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PATCH = do_PUT = answer

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.replies = deque()
        self.asked = []

    def will_answer(self, *replies):
        self.replies.extend(replies)

    def handle_error(self, request, client_address):
        """A client that hangs up in the middle is part of the tests."""


@pytest.fixture
def server():
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def transport(server):
    return Transport(server.url, TOKEN, meter=LocalMeter(interval_seconds=0))


@pytest.fixture
def client(transport):
    return GitHubClient(transport)
