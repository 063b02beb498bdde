"""A worker in a process of its own, so that a test can kill it: `python -m tests.flows.workers SESSION`."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

from django.db.models import F

ROOT = Path(__file__).resolve().parent.parent.parent
WORK = (
    "import django; django.setup(); import sys; from automation.pipeline import advance; print(advance({pk}))"
)


def database_url():
    from django.db import connection  # the test's own database, not the settings'

    values = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{values['NAME']}"
    place = f"{values['HOST'] or '127.0.0.1'}:{values['PORT'] or 5432}"
    return f"postgres://{values['USER']}:{values['PASSWORD']}@{place}/{values['NAME']}"


def product_environment(settings):
    """The environment of processes that share this test's database, workspace and stand-in."""
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": database_url(),
        "GITHUB_API_URL": settings.GITHUB_API_URL,
        "GITHUB_WEB_URL": settings.GITHUB_WEB_URL,
        "AUTOWRKERS_WORKSPACE_ROOT": str(settings.AUTOWRKERS_WORKSPACE_ROOT),
        "AUTOWRKERS_LOG_ROOT": str(settings.AUTOWRKERS_LOG_ROOT),
        "PYTHONUNBUFFERED": "1",
    }


def end_lease():
    """As if a minute had passed for whoever takes over."""
    from automation.models import Effect
    from issues.models import IssueSession

    IssueSession.objects.update(lease_until=F("lease_until") - timedelta(seconds=60))
    Effect.objects.update(not_before=F("not_before") - timedelta(seconds=60))


def start_worker(session_pk, settings):
    return subprocess.Popen(
        [sys.executable, "-c", WORK.format(pk=session_pk)],
        cwd=ROOT,
        env=product_environment(settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def processes_with(marker):
    """The ids of processes whose command line holds `marker`, other than this one."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            line = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if marker.encode() in line:
            found.append(int(entry.name))
    return found


def ancestor_with(marker, pid):
    """The id of the nearest process above `pid` whose command line holds `marker`."""
    while pid:
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        if marker.encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
            return pid
    raise LookupError(marker)


def eventually(condition, seconds=20.0):
    """Wait for a condition of another process; answers how long it took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, f"not within {seconds} s"
        time.sleep(0.05)
    return time.monotonic() - began
