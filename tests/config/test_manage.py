"""`manage.py` itself: what it says before Django is ready."""

from __future__ import annotations

import os
import subprocess
import sys

from django.conf import settings


def test_a_setting_that_is_missing_ends_a_command_with_a_sentence():
    env = {"PATH": os.environ["PATH"], "ENV_FILE": os.devnull}
    line = [sys.executable, "manage.py", "tick"]
    done = subprocess.run(line, cwd=settings.BASE_DIR, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert done.stderr.startswith("Error: SECRET_KEY is not set.")
    assert "Traceback" not in done.stderr
