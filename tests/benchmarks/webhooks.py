"""A thousand deliveries at 50 a second to the web process as `run` starts it, each on its own connection.

Nine of ten are signed, each sent twice, in shuffled order; the tenth is forged.

The floor is `/healthz` at the same rate right before: the least that the same process needs for any answer.
"""

from __future__ import annotations

import gzip
import http.client
import json
import os
import random
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path

from django.conf import settings
from django.db import connection

from automation.management.commands.run import parts
from automation.models import WebhookDelivery
from automation.supervisor import listen
from automation.webhooks import inbox
from tests.automation.webhooks.signing import SECRET, URL, headers_of, hooked_project
from tests.benchmarks.figures import Figure, Goal

EXAMPLES = Path(__file__).parent.parent / "data" / "webhooks" / "examples.jsonl.gz"
HELLO_WORLD = 186853002
TARGET = {"X-GitHub-Hook-Installation-Target-ID": str(HELLO_WORLD)}
COUNT, PER_SECOND, SENDERS = 1_000, 50, 16
GOAL = Goal("value", 25)  # ms
SIGNED = 450
Request = tuple[str, str, bytes, dict[str, str], int]


def measure() -> list[Figure]:
    hooked_project(github_id=HELLO_WORLD)
    healthz: list[Request] = [("GET", "/healthz", b"", {}, 200)] * COUNT
    with _web_process() as port:
        _send(port, [*healthz[:50], *_deliveries(50, "warm")])
        floor = _send(port, healthz)
        taken = _send(port, _mixed())
    assert WebhookDelivery.objects.count() == SIGNED + 50
    at = f"at {PER_SECOND}/s, {connection.vendor}"
    return [
        Figure(f"webhook delivery answered, p99, {at}", _at(taken, 0.99), "ms", _at(floor, 0.99), GOAL),
        Figure(f"webhook delivery answered, median, {at}", _at(taken, 0.5), "ms", _at(floor, 0.5)),
    ]


def _mixed() -> list[Request]:
    forged = _deliveries(COUNT - 2 * SIGNED, "forged", secret="another's", expected=401)
    mixed = [*_deliveries(SIGNED, "signed") * 2, *forged]
    random.Random(1).shuffle(mixed)
    return mixed


def _deliveries(count: int, name: str, *, secret: str = SECRET, expected: int = 202) -> list[Request]:
    """Published examples of the events that we subscribe to, each with a delivery id of its own."""
    with gzip.open(EXAMPLES, "rt", encoding="utf-8") as lines:
        found = [example for example in map(json.loads, lines) if example["event"] in inbox.OF_PULLS]
    made: list[Request] = []
    for number, example in enumerate(islice(cycle(found), count)):
        body = json.dumps(example["payload"]).encode()
        headers = headers_of(body, example["event"], secret=secret, guid=f"{name}-{number}", **TARGET)
        made.append(("POST", URL, body, headers | {"Content-Type": "application/json"}, expected))
    return made


def _send(port: int, requests: list[Request]) -> list[float]:
    """Milliseconds from when each was due until its answer was read, so that a slow answer delays none unnoticed."""
    began = time.perf_counter() + 0.1

    def send(number: int) -> float:
        due = began + number / PER_SECOND
        time.sleep(max(0.0, due - time.perf_counter()))
        method, path, body, headers, expected = requests[number]
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        client.request(method, path, body, headers)
        answer = client.getresponse()
        answer.read()
        client.close()
        assert answer.status == expected, (path, answer.status)
        return (time.perf_counter() - due) * 1000

    with ThreadPoolExecutor(SENDERS) as pool:
        return list(pool.map(send, range(len(requests))))


def _at(taken: list[float], share: float) -> float:
    return sorted(taken)[int(len(taken) * share) - 1]


@contextmanager
def _web_process() -> Iterator[int]:
    with listen("127.0.0.1", 0) as server:
        port = int(server.getsockname()[1])
        web = parts(server.fileno())[0]
        env = os.environ | {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATABASE_URL": _database_url(),
            "SITE_URL": f"http://127.0.0.1:{port}",
            "DEBUG": "false",
        }
        process = subprocess.Popen(
            web.argv, env=env, cwd=settings.BASE_DIR, pass_fds=web.pass_fds, stderr=subprocess.DEVNULL
        )
        try:
            _until(lambda: _is_up(port))
            yield port
        finally:
            process.terminate()
            process.wait(timeout=15)


def _database_url() -> str:
    """The benchmark's own database, for another process."""
    values = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{values['NAME']}"
    place = f"{values['HOST']}:{values['PORT'] or 5432}"
    secret = f":{values['PASSWORD']}" if values["PASSWORD"] else ""
    return f"postgres://{values['USER']}{secret}@{place}/{values['NAME']}"


def _is_up(port: int) -> bool:
    try:
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        client.request("GET", "/readyz")
        return client.getresponse().status == 200
    except OSError:
        return False


def _until(is_true: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline, "the web process did not come up"
        time.sleep(0.1)
