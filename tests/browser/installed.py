"""The whole product in processes of its own, as `manage.py run` starts them, linked to a stand-in of GitHub."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from automation.demo.github import StandIn
from tests.flows.workers import eventually
from tests.pictures.surroundings import free_port, is_up

ROOT = Path(__file__).resolve().parent.parent.parent
MANAGE = (sys.executable, "manage.py")
PASSWORD = "story-password-1"


def environment(hub: StandIn, folder: Path, port: int) -> dict[str, str]:
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PYTHONUNBUFFERED": "1",
        "DEBUG": "false",
        "PORT": str(port),
        "SITE_URL": f"http://127.0.0.1:{port}",
        "DATABASE_URL": f"sqlite:///{folder / 'story.sqlite3'}",
        "GITHUB_API_URL": hub.api_url,
        "GITHUB_WEB_URL": hub.web_url,
        "AUTOWRKERS_WORKSPACE_ROOT": str(folder / "workspace"),
        "AUTOWRKERS_LOG_ROOT": str(folder / "logs"),
        "DJANGO_SUPERUSER_PASSWORD": PASSWORD,
    }


@contextmanager
def installed(hub: StandIn, folder: Path) -> Iterator[str]:
    """The URL of a fresh installation with the superuser `ada`, ended with all of its processes."""
    port = free_port()
    url, env = f"http://127.0.0.1:{port}", environment(hub, folder, port)
    subprocess.run([*MANAGE, "migrate", "-v", "0"], cwd=ROOT, env=env, check=True)
    person = ("--noinput", "--username", "ada", "--email", "ada@example.com")
    subprocess.run([*MANAGE, "createsuperuser", "-v", "0", *person], cwd=ROOT, env=env, check=True)
    log = folder / "product.log"
    with (
        log.open("w") as lines,
        subprocess.Popen(
            [*MANAGE, "run"], cwd=ROOT, env=env, stdout=lines, stderr=subprocess.STDOUT
        ) as product,
    ):
        try:
            eventually(lambda: product.poll() is not None or is_up(url), 240)
            assert product.poll() is None, log.read_text()[-3000:]
            yield url
        finally:
            product.terminate()
            product.wait(120)
