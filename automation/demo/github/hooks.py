"""Webhooks of the stand-in: real deliveries over HTTP to an address on loopback, signed, logged, repeatable."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import queue
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from automation.demo.github.refusals import impossible

LOOPBACK = ("127.0.0.1", "localhost", "::1")
TIMEOUT_SECONDS = 10
Json = dict[str, Any]


@dataclass
class Delivery:
    """One attempt; a redelivery is another one with the same `guid`. `status` 0: nobody answered."""

    id: int
    guid: str
    event: str
    action: str | None
    repository_id: int
    delivered_at: datetime
    payload: Json = field(default_factory=dict)
    redelivery: bool = False
    status: int = 0


@dataclass
class Hook:
    id: int
    url: str
    secret: str
    events: list[str]
    active: bool
    created_at: datetime
    deliveries: list[Delivery] = field(default_factory=list)
    app_id: int | None = None  # of a GitHub App; else it is a repository's

    def wants(self, event: str) -> bool:
        return event == "ping" or (self.active and (event in self.events or "*" in self.events))


class Postman:
    """Sends one delivery after the other, in a thread of its own that starts with the first one."""

    def __init__(self) -> None:
        self._waiting: queue.Queue[tuple[Hook, Delivery, Callable[[], Json]] | None] = queue.Queue()
        self._thread: threading.Thread | None = None

    def send(self, hook: Hook, delivery: Delivery, write: Callable[[], Json]) -> None:
        """`write` makes the payload when its turn has come: by then the change is complete."""
        hook.deliveries.insert(0, delivery)
        self._waiting.put((hook, delivery, write))
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()

    def rest(self) -> None:
        """Wait until everything is delivered."""
        self._waiting.join()

    def stop(self) -> None:
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.join()

    def _run(self) -> None:
        while (letter := self._waiting.get()) is not None:
            hook, delivery, write = letter
            delivery.payload = write()
            _post(hook, delivery)
            self._waiting.task_done()
        self._waiting.task_done()


def check_url(url: object) -> str:
    """GitHub refuses addresses on loopback; the stand-in reaches nothing else."""
    host = urlsplit(url).hostname if isinstance(url, str) else None
    if host not in LOOPBACK:
        raise impossible(
            "Hook", "url is not on this machine's loopback, and the stand-in reaches nothing else"
        )
    return str(url)


def new_guid() -> str:
    return str(uuid.uuid1())


def headers_of(hook: Hook, delivery: Delivery, body: bytes) -> dict[str, str]:
    """https://docs.github.com/webhooks/webhook-events-and-payloads#delivery-headers"""

    def sign(algorithm: Callable[..., Any]) -> str:
        return hmac.new(hook.secret.encode(), body, algorithm).hexdigest()

    signed = {
        "X-Hub-Signature": f"sha1={sign(hashlib.sha1)}",
        "X-Hub-Signature-256": f"sha256={sign(hashlib.sha256)}",
    }
    return {
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/stand-in",
        "X-GitHub-Delivery": delivery.guid,
        "X-GitHub-Event": delivery.event,
        "X-GitHub-Hook-ID": str(hook.id),
        "X-GitHub-Hook-Installation-Target-ID": str(hook.app_id or delivery.repository_id),
        "X-GitHub-Hook-Installation-Target-Type": "integration" if hook.app_id else "repository",
    } | (signed if hook.secret else {})


def _post(hook: Hook, delivery: Delivery) -> None:
    body = json.dumps(delivery.payload).encode()
    url = urlsplit(hook.url)
    client = http.client.HTTPConnection(url.hostname or "", url.port or 80, timeout=TIMEOUT_SECONDS)
    try:
        client.request("POST", url.path or "/", body, headers_of(hook, delivery, body))
        delivery.status = client.getresponse().status
    except (OSError, http.client.HTTPException):
        delivery.status = 0
    finally:
        client.close()
