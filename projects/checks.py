"""What Django looks at before each command and start: settings that would lose data or leak a secret."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning

from projects.errors import AutowrkersError
from projects.workspace.processes import run
from projects.workspace.sandbox import base_env

# Measured with 8 to 64 writers: without these, 13 to 76 % of the transactions fail as "locked".
SQLITE_TIMEOUT_SECONDS = 20
SQLITE_MODE = "IMMEDIATE"
SQLITE_PRAGMAS = ("journal_mode=wal", "synchronous=normal")
GIT_MINIMUM = (2, 38)  # the first that knows safe.bareRepository
URL_SETTINGS = ("SITE_URL", "GITHUB_API_URL", "GITHUB_WEB_URL")


def sqlite_options(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    return [
        Error(
            f"The SQLite database {alias!r} lacks the options that several writers need.",
            hint=f"Set OPTIONS to SQLITE_OPTIONS of config/settings.py; wrong here: {', '.join(wrong)}.",
            id="projects.E001",
        )
        for alias, entry in settings.DATABASES.items()
        if entry["ENGINE"] == "django.db.backends.sqlite3"
        if (wrong := _wrong_options(entry.get("OPTIONS") or {}))
    ]


def field_keys(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if settings.DEBUG or settings.FERNET_KEYS[0] != settings.SECRET_KEY:
        return []
    return [
        Warning(
            "Stored tokens are encrypted with SECRET_KEY: whoever changes it loses them.",
            hint="Set FERNET_KEYS to NEW_RANDOM_KEY,SECRET_KEY; run rotate_keys; then remove the latter.",
            id="projects.W001",
        )
    ]


def urls(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    for name in URL_SETTINGS:
        url = _split(getattr(settings, name))
        if url is None:
            hint = (
                "Give scheme, host and, if needed, port and path, such as https://github.example.com/api/v3."
            )
            found.append(Error(f"{name} is not a plain http(s) URL.", hint=hint, id="projects.E002"))
        elif url.scheme == "http" and name != "SITE_URL" and not _is_loopback(url.hostname or ""):
            hint = "Use https: the token would travel unencrypted."
            found.append(Warning(f"{name} is not https.", hint=hint, id="projects.W002"))
    return found


def git_version(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    hint = f"Install git {'.'.join(map(str, GIT_MINIMUM))} or newer, and put it on PATH."
    try:
        answer = run(["git", "--version"], env=base_env(), timeout=5).stdout.decode("utf-8", "replace")
    except AutowrkersError:
        return [Warning("git is not installed.", hint=hint, id="projects.W003")]
    version = re.search(r"(\d+)\.(\d+)", answer)
    if version is not None and (int(version[1]), int(version[2])) >= GIT_MINIMUM:
        return []
    return [Warning(f"This git is too old: {answer.strip()[:100]!r}.", hint=hint, id="projects.W003")]


ALL = (sqlite_options, field_keys, urls, git_version)


def _wrong_options(options: dict[str, Any]) -> Sequence[str]:
    pragmas = str(options.get("init_command", "")).lower().replace(" ", "")
    wrong = [f"init_command without {pragma}" for pragma in SQLITE_PRAGMAS if pragma not in pragmas]
    if options.get("transaction_mode") != SQLITE_MODE:
        wrong.append("transaction_mode")
    if float(options.get("timeout", 0)) < SQLITE_TIMEOUT_SECONDS:
        wrong.append("timeout")
    return wrong


def _split(text: str) -> SplitResult | None:
    """The parts of a URL that a client can use, None for anything else."""
    try:
        url = urlsplit(text)
        is_plain = url.scheme in {"http", "https"} and url.hostname and url.port != 0
    except ValueError:
        return None
    return url if is_plain and "@" not in url.netloc and not url.query and not url.fragment else None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
