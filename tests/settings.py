"""The product's settings for tests: nothing is read from .env or written beside the code."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

_here = Path(tempfile.mkdtemp(prefix="autowrkers-tests-"))
atexit.register(shutil.rmtree, _here, ignore_errors=True)
os.environ |= {
    "ENV_FILE": os.devnull,
    "DEBUG": "true",
    "SECRET_KEY": "canary-secret-key-" + "5ecre7" * 8,
    "FERNET_KEYS": "canary-field-key-" + "f1e1d" * 8,
    "AUTOWRKERS_WORKSPACE_ROOT": str(_here / "workspace"),
    "AUTOWRKERS_LOG_ROOT": str(_here / "logs"),
    "AUTOWRKERS_AGENT_ENV": "",
    "GITHUB_TOKEN": "",
}
os.environ.setdefault("DATABASE_URL", f"sqlite:///{_here / 'main.sqlite3'}")

from config.settings import *  # noqa: E402, F403
from config.settings import DATABASES  # noqa: E402

DEBUG = False
if "sqlite" in str(DATABASES["default"]["ENGINE"]):
    DATABASES["default"]["TEST"] = {"NAME": str(_here / "test.sqlite3")}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
GITHUB_MUTATION_INTERVAL_SECONDS = 0.0
STATIC_ROOT = _here / "static"
STATIC_ROOT.mkdir()
