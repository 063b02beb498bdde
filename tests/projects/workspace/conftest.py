"""What the workspace's tests share: a look at every process of this host, and the sandboxes."""

from __future__ import annotations

import time
import uuid
from pathlib import Path

import pytest

from projects.workspace import checkouts, folders
from projects.workspace.git import Remote
from projects.workspace.mirror import Mirror
from projects.workspace.processes import run
from tests.projects.workspace.git_server import GitServer, commit, git
from tests.sandboxes import require_sandbox

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
    return require_sandbox(request.param)


@pytest.fixture
def sandboxed(sandbox):
    """Run a shell line in each sandbox."""

    def start(line, *, binds=(), chdir=Path("/"), env=None, network=True, timeout=20, stop=None):
        wrapped = sandbox.wrap(["sh", "-c", line], binds=binds, chdir=chdir, env=env or {}, network=network)
        return run(wrapped.argv, env=wrapped.env, cwd=wrapped.cwd, timeout=timeout, stop=stop)

    return start


TOKEN = "ghp_canary0123456789canary0123456789"


@pytest.fixture
def server(tmp_path, settings):
    """A git server that is the GitHub of this test's settings."""
    server = GitServer(tmp_path / "served", TOKEN)
    settings.GITHUB_WEB_URL = server.url
    settings.AUTOWRKERS_WORKSPACE_ROOT = tmp_path / "workspace"
    yield server
    server.close()


@pytest.fixture
def bare(server):
    """The remote repository owner/repo with one commit on main."""
    path = server.create("owner/repo")
    commit(path, {"README": "hello\n", "src/app.py": "print('app')\n"}, message="Begin")
    return path


@pytest.fixture
def remote(server, bare):
    return Remote(f"{server.url}/owner/repo.git", TOKEN)


@pytest.fixture
def mirror(remote, settings):
    """The remote's mirror, fetched once."""
    mirror = Mirror(settings.AUTOWRKERS_WORKSPACE_ROOT / "mirrors" / "1", remote)
    mirror.fetch()
    return mirror


@pytest.fixture
def base(mirror):
    return mirror.branch_sha("main")


@pytest.fixture
def clone(mirror, base):
    """A session's clone as its agent finds it."""
    path = folders.clone_path(7, 1)
    checkouts.make_clone(mirror, path, branch="feature/issue-3", start_sha=base)
    return path


@pytest.fixture
def home():
    path = folders.home_path(7)
    path.mkdir(parents=True)
    return path


def work(clone, files, *, message="Fix"):
    """Commit in a clone as an agent would; its new head."""
    for name, content in files.items():
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        (clone / name).write_text(content)
    git(clone, "add", "--all")
    git(clone, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(clone, "rev-parse", "HEAD")
