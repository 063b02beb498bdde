"""One HTTP exchange with the scripted model: find the step, serve its fault or its answer."""

from __future__ import annotations

import json
import re
import select
import socket
import time
import uuid
from http.server import BaseHTTPRequestHandler
from types import ModuleType
from typing import Any

from tests.modelserver import anthropic, responses
from tests.modelserver.conversation import Reply, Request, make_reply
from tests.modelserver.scenario import ScenarioError, fill

ERROR_TYPES = {400: "invalid_request_error", 401: "authentication_error", 403: "permission_error"}
ERROR_TYPES |= {
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}
DIALECTS = {"/messages": anthropic, "/responses": responses}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "scripted-model"

    @property
    def model(self) -> Any:
        return self.server.model  # type: ignore[attr-defined]

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self.send_json(200, {})

    def do_GET(self) -> None:
        if self.path.split("?")[0].endswith("/models"):
            entry = {"id": "scripted", "object": "model", "created": 0, "owned_by": "local"}
            return self.send_json(200, {"object": "list", "data": [entry], "models": [], "has_more": False})
        return self.send_json(404, responses.error("not_found_error", "no such path"))

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        found = re.match(r"(?:/run/([^/]+))?(/.*)", self.path.split("?")[0])
        run, path = (found[1] or "", found[2]) if found else ("", "/")
        if path.endswith("/messages/count_tokens"):
            return self.send_json(200, {"input_tokens": len(raw) // 4})
        dialect = next((dialect for end, dialect in DIALECTS.items() if path.endswith(end)), None)
        if dialect is None:
            return self.send_json(404, responses.error("not_found_error", "no such path"))
        request = dialect.read(json.loads(raw or b"{}"))
        entry: dict[str, Any] = {"run": run, "path": path, "model": request.model, "turns": request.turns}
        entry |= {
            "tools": sorted(request.tools),
            "user_text": request.user_text,
            "status": 200,
            "client_gone": False,
        }
        self.model.requests.append(entry)
        try:
            self.answer(run, dialect, request, entry)
        except ConnectionError:
            entry["client_gone"] = True
        self.close_connection = self.close_connection or entry["client_gone"]
        return None

    def answer(self, run: str, dialect: ModuleType, request: Request, entry: dict[str, Any]) -> None:
        given = self.headers.get("x-api-key") or self.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.model.api_key and given != self.model.api_key:
            return self.fail(dialect, entry, 401, message="invalid x-api-key")
        try:
            scenario, index, names = self.model.choose(run, request)
        except ScenarioError as error:
            return self.fail(dialect, entry, 400, message=str(error))
        entry |= {"scenario": scenario.name, "step": index}
        if index is None:
            return self.send_reply(
                dialect, make_reply({"text": scenario.side_text}, request, names), request, {}
            )
        step = scenario.step(index)
        if step is None:
            return self.fail(dialect, entry, 400, message=f"script has no step {index}")
        wanted = fill(step.get("expect", ""), names)
        if not re.search(wanted, request.latest, re.DOTALL | re.MULTILINE):
            self.model.failures.append(
                f"{scenario.name} step {index}: expected /{wanted}/ in {request.latest[-400:]!r}"
            )
        fault = self.model.take_fault(run, scenario, index, step)
        if not self.wait(86400 if fault.get("hang") else (fault or step).get("delay", 0)):
            entry["client_gone"] = True
            return None
        if "status" in fault:
            return self.fail(
                dialect, entry, fault["status"], message=fault.get("message", "fault"), fault=fault
            )
        return self.send_reply(dialect, make_reply(step, request, names), request, fault)

    def fail(
        self,
        dialect: ModuleType,
        entry: dict[str, Any],
        status: int,
        *,
        message: str,
        fault: dict[str, Any] | None = None,
    ) -> None:
        entry["status"] = status
        kind = (fault or {}).get("type") or ERROR_TYPES.get(status, "api_error")
        after = (fault or {}).get("retry_after")
        headers = {} if after is None else {"retry-after": str(after)}
        self.send_json(status, dialect.error(kind, message), headers)

    def send_json(self, status: int, payload: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        data = json.dumps(payload).encode()
        self.send_response(status)
        always = {
            "Content-Type": "application/json",
            "Content-Length": str(len(data)),
            "request-id": _request_id(),
        }
        for key, value in {**always, **(headers or {})}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def send_reply(self, dialect: ModuleType, reply: Reply, request: Request, fault: dict[str, Any]) -> None:
        if not request.stream:
            return self.send_json(200, dialect.whole(reply, request))
        self.send_response(200)
        always = {"Content-Type": "text/event-stream", "Cache-Control": "no-cache", "Connection": "close"}
        for key, value in {**always, "request-id": _request_id()}.items():
            self.send_header(key, value)
        self.end_headers()
        self.close_connection = True
        for count, (name, payload) in enumerate(dialect.events(reply, request)):
            if count == fault.get("drop_after"):
                return self.connection.shutdown(socket.SHUT_RDWR)
            if count == fault.get("error_after"):
                return self.send_event("error", json.dumps(dialect.error("overloaded_error", "Overloaded")))
            self.send_event(
                name, "{not json" if fault.get("malformed") and count == 1 else json.dumps(payload)
            )
            if reply.chunk_delay and not self.wait(reply.chunk_delay):
                raise ConnectionError("the client has gone")
        return None

    def send_event(self, name: str, data: str) -> None:
        self.wfile.write(f"event: {name}\ndata: {data}\n\n".encode())
        self.wfile.flush()

    def wait(self, seconds: float) -> bool:
        """False as soon as the client has gone or the server stops."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if self.client_gone() or self.model.stopping.wait(min(left, 0.05)):
                return False
        return True

    def client_gone(self) -> bool:
        try:
            readable, _, _ = select.select([self.connection], [], [], 0)
            return bool(readable) and self.connection.recv(1, socket.MSG_PEEK) == b""
        except OSError:
            return True


def _request_id() -> str:
    return "req_" + uuid.uuid4().hex[:12]
