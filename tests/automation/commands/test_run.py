"""`manage.py run`: the whole product as one process tree."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

from automation.management.commands.run import parts
from tests.automation.commands.calling import run_command

ROOT = Path(__file__).resolve().parents[3]


@contextmanager
def running(tmp_path, *arguments):
    """The process tree on a database of its own, marked so that what is left of it can be found."""
    env = os.environ | {
        "DATABASE_URL": f"sqlite:///{tmp_path}/run.sqlite3",
        "SITE_URL": "",
        "QUEUE_BROKER_URL": "",
    }
    env |= {"DJANGO_SETTINGS_MODULE": "config.settings", "AUTOWRKERS_LOG_ROOT": str(tmp_path)}
    argv = (sys.executable, "manage.py", "run", *arguments)
    started = subprocess.Popen(argv, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        yield started
    finally:
        started.kill()
        started.communicate()


def processes_of(tmp_path):
    """Every process that has this test's database in its environment."""
    mark, found = str(tmp_path).encode(), []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and mark in (folder / "environ").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def read_until(source, pattern):
    said = b""
    while line := source.readline():
        said += line
        if match := re.search(pattern, line):
            return match, said
    pytest.fail(f"never said {pattern!r}:\n{said.decode()}")


def test_the_procfile_names_the_same_processes():
    lines = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines()[1:])
    assert [part.name for part in parts(3)] == list(lines)
    for part in parts(3)[1:]:
        assert lines[part.name].endswith(f"manage.py {' '.join(part.argv[2:])}")


@pytest.mark.parametrize("port", ["0", "65536", "-1", "http", "8000000"])
def test_a_port_that_is_none_is_a_usage_error(port):
    assert "port" in run_command("run", f"--port={port}").err


def test_everything_starts_on_a_free_port_and_ends_on_sigterm(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with running(tmp_path, "--port", str(port)) as started:
            found, _ = read_until(
                started.stderr, rb"Autowrkers: (http://127\.0\.0\.1:\d+/) \(port \d+ is taken\)"
            )
            read_until(started.stderr, rb"sessions \| .*ready for work")
            url = found[1].decode()
            with urllib.request.urlopen(f"{url}admin/login/", timeout=20) as page:
                assert page.status == 200
            began = time.monotonic()
            started.send_signal(signal.SIGTERM)
            started.communicate(timeout=30)
    assert started.returncode == 0
    assert time.monotonic() - began < 20
    assert processes_of(tmp_path) == []
