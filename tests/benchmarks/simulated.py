"""Simulated time for the real loop: its clock, its queue and its network are this process's; the stand-in answers."""

from __future__ import annotations

import io
import types
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

import requests
import urllib3
from django.db.models import DateTimeField, Value
from django.test import override_settings
from django.utils import timezone
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from automation import queue
from automation.demo.github import StandIn
from automation.demo.github.messages import Request
from automation.demo.github.server import API_PREFIX
from automation.tend import tend
from automation.tick import tick
from projects import leases
from projects.github import quota, transport

BEGIN = datetime(2026, 3, 1, 0, 0, 7, tzinfo=UTC)
BEAT = timedelta(seconds=60)  # the clock beats four times as often, but syncs and follows once a minute


class World(BaseAdapter):
    """One GitHub, one clock, one worker. `counted` are the requests that GitHub took from the hour."""

    hub: StandIn

    def __init__(self) -> None:
        super().__init__()
        self.now = BEGIN
        self.requests = self.counted = 0
        self.by_minute: Counter[datetime] = Counter()
        self.tended: list[int] = []

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        url, body = urlsplit(request.url or ""), request.body or b""
        headers = {name.lower(): str(value) for name, value in request.headers.items()}
        raw = body.encode() if isinstance(body, str) else body
        path = url.path.removeprefix(API_PREFIX)
        reply = self.hub.answer(Request(request.method or "", path, url.query, headers, raw, "api"))
        assert reply is not None
        self.requests += 1
        self.counted += reply.status != 304
        self.by_minute[self.now.replace(second=0)] += 1
        response = requests.Response()
        response.status_code, response.headers = reply.status, CaseInsensitiveDict(reply.headers)
        response.raw = urllib3.HTTPResponse(io.BytesIO(reply.body), preload_content=False)
        response.url, response.request = request.url or "", request
        return response

    def close(self) -> None:
        """Nothing is open."""

    def moment(self) -> datetime:
        return self.now

    def database_moment(self) -> Value:
        return Value(self.now, output_field=DateTimeField())

    def beat(self) -> None:
        """One tick and all that it asks for."""
        self.tended.clear()
        tick()
        for pk in self.tended:
            tend(pk)
        self.now += BEAT

    def pass_time(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def take_message(self, task: str, pk: int, *_: int, **__: Any) -> None:
        if task == queue.TEND:
            self.tended.append(pk)


@contextmanager
def simulated(tokens: dict[str, str]) -> Iterator[World]:
    """The product lives in the world's time until the end of the block."""
    world = World()
    with StandIn(tokens, clock=world.moment, record=False) as hub:
        world.hub = hub
        clock = types.SimpleNamespace(
            monotonic=lambda: (world.now - BEGIN).total_seconds(), sleep=world.pass_time
        )
        patches = [
            override_settings(GITHUB_API_URL=hub.api_url, GITHUB_WEB_URL=hub.web_url),
            mock.patch.object(timezone, "now", world.moment),
            mock.patch.object(leases, "db_now", world.database_moment),
            mock.patch.object(quota, "time", clock),
            mock.patch.object(queue, "async_task", world.take_message),
            mock.patch.object(transport._Session, "get_adapter", return_value=world),
        ]
        with ExitStack() as stack:
            for patch in patches:
                stack.enter_context(patch)
            yield world
