"""One SQLite file under twenty writers of two worker processes and the web process: all wait, and nobody is refused."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from urllib.parse import urlencode

import pytest
from django.conf import settings as product
from django.db import connection

from automation.management.commands.run import parts
from automation.models import WebhookDelivery
from automation.supervisor import listen
from issues.models import SessionEvent
from tests.automation.webhooks.signing import URL, headers_of, hooked_project, payload_of
from tests.factories import API_URL, create_session
from tests.flows.workers import ROOT, eventually, product_environment

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]
WORKERS, THREADS, MOVES, DELIVERIES = 2, 10, 20, 10
# Each move reads and then writes in one transaction: begun as a reader it would be refused, not made to wait.
WRITE = """
import django; django.setup()
import sys, threading
from django.db import connection, transaction
from django.utils import timezone
from issues import transitions
from issues.models import IssueSession

def write(pk):
    for number in range({moves}):
        with transaction.atomic():
            session = IssueSession.objects.get(pk=pk)
            transitions.stay(session, "queued", reason=f"move-{{number}}", queued_at=timezone.now())
    done.append(pk)
    connection.close()

done, pks = [], [int(word) for word in sys.argv[1:]]
threads = [threading.Thread(target=write, args=[pk]) for pk in pks]
print("ready", flush=True)
sys.stdin.readline()
for thread in threads: thread.start()
for thread in threads: thread.join()
sys.exit(len(done) != len(pks))
"""


@pytest.fixture
def web(settings):
    """The web process as `run` starts it; answers its port."""
    with listen("127.0.0.1", 0) as server:
        port = int(server.getsockname()[1])
        part = parts(server.fileno())[0]
        own = {"SITE_URL": f"http://127.0.0.1:{port}", "DEBUG": "false", "GITHUB_API_URL": API_URL}
        process = subprocess.Popen(
            part.argv,
            env=product_environment(settings) | own,
            cwd=product.BASE_DIR,
            pass_fds=part.pass_fds,
            stderr=subprocess.DEVNULL,
        )
        try:
            eventually(lambda: ask(port, "GET", "/healthz") == 200, seconds=60)
            yield port
        finally:
            process.terminate()
            process.wait(timeout=15)


def ask(port, method, path, body=b"", headers=None):
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        client.request(method, path, body, headers or {})
        answer = client.getresponse()
        answer.read()
        return answer.status
    except ConnectionError:
        return 0
    finally:
        client.close()


def start_writers(settings, pks):
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, "-c", WRITE.format(moves=MOVES), *map(str, pks)],
        cwd=ROOT,
        env=product_environment(settings),
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        text=True,
    )


def test_twenty_writers_of_two_workers_lose_nothing_and_the_web_answers_all(settings, web):
    project = hooked_project()
    pks = [create_session(project=project).pk for _ in range(WORKERS * THREADS)]
    before = SessionEvent.objects.count()
    workers = [start_writers(settings, pks[number::WORKERS]) for number in range(WORKERS)]
    assert [worker.stdout.readline() for worker in workers] == ["ready\n"] * WORKERS
    for worker in workers:
        worker.stdin.write("go\n")
        worker.stdin.flush()
    login = urlencode({"username": "nobody", "password": "wrong"}).encode()
    codes = []
    for number in range(DELIVERIES):
        body = json.dumps(payload_of(project, action="opened")).encode()
        headers = headers_of(body, "issues", guid=f"busy-{number}") | {"Content-Type": "application/json"}
        codes.append(ask(web, "POST", URL, body, headers))
        codes.append(ask(web, "GET", "/admin/login/"))
        codes.append(
            ask(web, "POST", "/admin/login/", login, {"Content-Type": "application/x-www-form-urlencoded"})
        )
    ended = [(worker.communicate(timeout=90)[1][-2000:], worker.returncode) for worker in workers]
    assert ended == [("", 0)] * WORKERS
    assert codes == [202, 200, 403] * DELIVERIES
    assert WebhookDelivery.objects.count() == DELIVERIES
    assert SessionEvent.objects.count() - before == len(pks) * MOVES


def test_sqlite_writes_ahead_and_begins_each_transaction_as_a_writer():
    if connection.vendor != "sqlite":
        pytest.skip("of SQLite alone")
    with connection.cursor() as cursor:
        assert cursor.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.settings_dict["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
