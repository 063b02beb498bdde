"""The HTTP server: reads a request whole, hands it to the stand-in, writes the reply whole or hangs up."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from automation.demo.github.git_http import GIT_PATH
from automation.demo.github.messages import Reply, Request

API_PREFIX = "/api/v3"
Answerer = Callable[[Request], Reply | None]


class Server(ThreadingHTTPServer):
    """Listens on loopback only; `stop` also ends connections that clients keep open."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, answer: Answerer) -> None:
        self.answer = answer
        self._open: set[Any] = set()
        super().__init__(("127.0.0.1", port), Connection)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)

    def server_bind(self) -> None:
        """Bind without asking a name server what loopback is called."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.socket.getsockname()[1]

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # the client was quicker

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)


class Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "GitHubStandIn"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Server

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def exchange(self) -> None:
        reply = self.server.answer(self._read())
        if reply is None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response_only(reply.status)
        self.send_header("Date", reply.headers.pop("Date", self.date_time_string()))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.status not in (204, 304):
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)
        self.wfile.flush()

    do_GET = do_HEAD = do_POST = do_PATCH = do_PUT = do_DELETE = exchange  # noqa: N815

    def _read(self) -> Request:
        url = urlsplit(self.path)
        path, kind = url.path, "page"
        if path.startswith(API_PREFIX + "/"):
            path, kind = path.removeprefix(API_PREFIX), "api"
        elif GIT_PATH.fullmatch(path):
            kind = "git"
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Request(self.command, path, url.query, headers, self._read_body(), kind)

    def _read_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are recorded by the stand-in; nothing goes to standard error."""
