"""The demo's own environment, chosen before Django is set up: nothing of a real installation is read or touched."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import Sequence
from pathlib import Path

FOLDER = "AUTOWRKERS_DEMO_FOLDER"
STAND_IN_PORT = "AUTOWRKERS_DEMO_GITHUB_PORT"


def enter(arguments: Sequence[str], base: Path) -> None:
    """Point every setting at a fresh folder: a temporary one with `--once`, else `var/demo`."""
    if "--once" in arguments:
        folder = Path(tempfile.mkdtemp(prefix="autowrkers-demo-"))
    else:
        folder = base / "var" / "demo"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    github_port, site_port = _free_port(), _free_port(8000)
    web = f"http://127.0.0.1:{github_port}"
    os.environ |= {
        FOLDER: str(folder),
        STAND_IN_PORT: str(github_port),
        "ENV_FILE": os.devnull,
        "DEBUG": "true",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "FERNET_KEYS": secrets.token_urlsafe(32),
        "PORT": str(site_port),
        "SITE_URL": f"http://127.0.0.1:{site_port}",
        "DATABASE_URL": f"sqlite:///{folder / 'demo.sqlite3'}",
        "QUEUE_BROKER_URL": "",
        "GITHUB_WEB_URL": web,
        "GITHUB_API_URL": f"{web}/api/v3",
        "GITHUB_TOKEN": "",
        "AUTOWRKERS_WORKSPACE_ROOT": str(folder / "workspace"),
        "AUTOWRKERS_LOG_ROOT": str(folder / "logs"),
        "AUTOWRKERS_SANDBOX": "auto",
        "AUTOWRKERS_AGENT_SLOTS": "2",
        "AUTOWRKERS_AGENT_ENV": "",
    }


def leave() -> None:
    """Remove the temporary folder of a `--once` demo; what `make demo` shows stays until the next one."""
    folder = Path(os.environ[FOLDER])
    if folder.is_relative_to(tempfile.gettempdir()):
        shutil.rmtree(folder, ignore_errors=True)


def _free_port(wanted: int = 0) -> int:
    """The wanted port, else any free one."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no free port on the loopback address")
