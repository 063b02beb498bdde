"""A worker to which one folder is a small disk of its own, empty before and after."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.flows.workers import ROOT, product_environment
from tests.sandboxes import require_sandbox

MOUNT = 'mount -t tmpfs -o size={size} none "$0" && exec "$@"'


def on_small_disk(script: str, folder: Path, size: str, settings: Any) -> str:
    """Run `script` in a process to which `folder` is a disk of that size; answers what it printed."""
    require_sandbox("bubblewrap")  # the same right: namespaces of one's own
    folder.mkdir(exist_ok=True)
    line = ["unshare", "--map-root-user", "--mount", "sh", "-c", MOUNT.format(size=size), str(folder)]
    done = subprocess.run(
        [*line, sys.executable, "-c", script],
        cwd=ROOT,
        env=product_environment(settings) | {"AUTOWRKERS_SANDBOX": "none"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
