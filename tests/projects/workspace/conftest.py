"""What the workspace's tests share: a look at every process of this host, and the sandboxes."""

from __future__ import annotations

import time
import uuid
from pathlib import Path

import pytest

from projects.workspace.processes import run
from projects.workspace.sandbox import detect

ENV = {"PATH": "/usr/local/bin:/usr/bin:/bin"}


def living(marker):
    """The pids on this host whose command line holds `marker`."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if marker.encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def wait_until(condition, *, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass in time"
        time.sleep(0.02)


@pytest.fixture
def marker():
    """A text that no other process has in its command line; `sleep` takes it for a time of 1000 seconds."""
    return f"1000.{uuid.uuid4().int}"


@pytest.fixture(params=["bubblewrap", "namespace"])
def sandbox(request):
    return detect(request.param)


@pytest.fixture
def sandboxed(sandbox):
    """Run a shell line in each sandbox."""

    def start(line, *, binds=(), chdir=Path("/"), env=None, network=True, timeout=20, stop=None):
        wrapped = sandbox.wrap(["sh", "-c", line], binds=binds, chdir=chdir, env=env or {}, network=network)
        return run(wrapped.argv, env=wrapped.env, cwd=wrapped.cwd, timeout=timeout, stop=stop)

    return start
