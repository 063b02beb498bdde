"""A temporary installation that holds the scene, and its web server."""

from __future__ import annotations

import fcntl
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django
from django.core.management import call_command

from automation.demo import origin
from automation.demo.github import StandIn

ROOT = Path(__file__).resolve().parent.parent.parent
SECONDS = 60
TOKENS = {"ghp_scene_good": "acme-bot"}
REPOSITORIES = ("acme/payments-api", "acme/webshop", "acme/mobile")
PRODUCT = (
    "-m",
    "gunicorn",
    "config.wsgi",
    "--worker-class",
    "gthread",
    "--threads",
    "4",
    "--no-control-socket",
)


def enter(folder: Path, hub: StandIn, *, port: int, live: bool) -> None:
    """Point every setting at `folder`, before Django is set up. `live`: changes of code show at once."""
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "ENV_FILE": os.devnull,
        "DEBUG": "true" if live else "false",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "FERNET_KEYS": secrets.token_urlsafe(32),
        "PORT": str(port),
        "SITE_URL": f"http://127.0.0.1:{port}",
        "DATABASE_URL": f"sqlite:///{folder / 'scene.sqlite3'}",
        "QUEUE_BROKER_URL": "",
        "GITHUB_API_URL": hub.api_url,
        "GITHUB_WEB_URL": hub.web_url,
        "GITHUB_TOKEN": "",
        "AUTOWRKERS_WORKSPACE_ROOT": str(folder / "workspace"),
        "AUTOWRKERS_LOG_ROOT": str(folder / "logs"),
        "AUTOWRKERS_AGENT_ENV": "",
    }
    agent = folder / "claude"
    agent.write_text("#!/bin/sh\necho '2.1.197 (Claude Code)'\n")
    agent.chmod(0o755)
    os.environ["AUTOWRKERS_CLAUDE_COMMAND"] = os.environ["AUTOWRKERS_CODEX_COMMAND"] = str(agent)
    django.setup()
    call_command("migrate", interactive=False, verbosity=0)
    if not live:
        _collect_static()


def _collect_static() -> None:
    """The folder is the checkout's own, so one at a time."""
    with (Path(tempfile.gettempdir()) / "autowrkers-collectstatic.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        call_command("collectstatic", interactive=False, verbosity=0)


@contextmanager
def installation(port: int, *, live: bool) -> Iterator[str]:
    """The URL of a fresh, migrated installation in a temporary folder."""
    port = port or free_port()
    with (
        tempfile.TemporaryDirectory(prefix="autowrkers-scene-") as folder,
        StandIn(TOKENS, record=False) as hub,
    ):
        for name in REPOSITORIES:
            origin.fill(hub.create_repository(name).bare)
        enter(Path(folder), hub, port=port, live=live)
        yield f"http://127.0.0.1:{port}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def web_server(url: str, *, live: bool) -> Iterator[None]:
    """The product's web server, or with `live` Django's own, which takes up changed files."""
    address = url.removeprefix("http://")
    live_line = ("manage.py", "runserver", "--nostatic", address)
    line = live_line if live else (*PRODUCT, "--bind", address)
    with subprocess.Popen([sys.executable, *line], cwd=ROOT, stdout=sys.stderr) as server:
        try:
            _wait_for(url, server)
            yield
        finally:
            server.terminate()


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            sys.exit(f"The web server ended with code {server.returncode}.")
        if is_up(url):
            return
        time.sleep(0.2)
    sys.exit("The web server did not answer in time.")


def is_up(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=5):
            return True
    except OSError:
        return False
