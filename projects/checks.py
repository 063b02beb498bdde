"""What Django looks at before each command and start: settings that would lose data or leak a secret."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning

from projects.errors import AutowrkersError
from projects.workspace.processes import run

# Measured with 8 to 64 writers: without these, 13 to 76 % of the transactions fail as "locked".
SQLITE_TIMEOUT_SECONDS = 20
SQLITE_MODE = "IMMEDIATE"
SQLITE_PRAGMAS = ("journal_mode=wal", "synchronous=normal")
GIT_MINIMUM = (2, 38)  # the first that knows safe.bareRepository
OURS = {
    "SECRET_KEY",
    "FERNET_KEYS",
    "DATABASE_URL",
    "QUEUE_BROKER_URL",
    "GITHUB_TOKEN",
    "GITHUB_CLIENT_SECRET",
}
SANDBOXES = ("auto", "bubblewrap", "namespace", "none")
URL_SETTINGS = ("SITE_URL", "GITHUB_API_URL", "GITHUB_WEB_URL")


def sqlite_options(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    return [
        message for alias, entry in settings.DATABASES.items() for message in judge_database(alias, entry)
    ]


def judge_database(alias: str, entry: Mapping[str, Any]) -> list[CheckMessage]:
    """What is wrong with one entry of DATABASES."""
    if entry["ENGINE"] != "django.db.backends.sqlite3":
        return []
    options = entry.get("OPTIONS", {})
    pragmas = str(options.get("init_command", "")).lower().replace(" ", "")
    wrong = [f"init_command without {pragma}" for pragma in SQLITE_PRAGMAS if pragma not in pragmas]
    wrong += ["transaction_mode"] if options.get("transaction_mode") != SQLITE_MODE else []
    wrong += ["timeout"] if options.get("timeout", 0) < SQLITE_TIMEOUT_SECONDS else []
    if not wrong:
        return []
    message = f"The SQLite database {alias!r} lacks the options that several writers need."
    hint = f"Set OPTIONS to SQLITE_OPTIONS of config/settings.py; wrong here: {', '.join(wrong)}."
    return [Error(message, hint=hint, id="projects.E001")]


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


def field_key_file(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    file = settings.FERNET_KEYS_FILE
    if file is None or not file.stat().st_mode & 0o077:
        return []
    message = f"Others on this host may read the keys of stored tokens in {file}."
    return [Warning(message, hint=f"Run: chmod 600 {file}", id="projects.W004")]


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
    env = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"}
    try:
        answer = run(["git", "--version"], env=env, timeout=5)
    except AutowrkersError as error:
        return [Warning(error.message, hint=error.remedy, id="projects.W003")]
    return judge_git(answer.stdout.decode("utf-8", "replace"))


def judge_git(says: str) -> list[CheckMessage]:
    """What follows from the words of `git --version`."""
    version = re.search(r"(\d+)\.(\d+)", says)
    if version is not None and (int(version[1]), int(version[2])) >= GIT_MINIMUM:
        return []
    hint = f"Install git {'.'.join(map(str, GIT_MINIMUM))} or newer, and put it first on PATH."
    return [Warning(f"This git is too old: {says.strip()[:100]!r}.", hint=hint, id="projects.W003")]


def choices(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Settings that would be noticed only by the first worker that needs them."""
    found: list[CheckMessage] = []
    ours = sorted(OURS & set(settings.AUTOWRKERS_AGENT_ENV))
    if ours:
        hint = "Name only the model's variables there, such as ANTHROPIC_API_KEY."
        found.append(
            Error(f"AUTOWRKERS_AGENT_ENV hands {', '.join(ours)} to agents.", hint=hint, id="projects.E003")
        )
    if settings.AUTOWRKERS_SANDBOX not in SANDBOXES:
        hint = f"Choose one of {', '.join(SANDBOXES)}."
        found.append(Error("AUTOWRKERS_SANDBOX names no sandbox.", hint=hint, id="projects.E004"))
    if settings.QUEUE_BROKER_URL and urlsplit(settings.QUEUE_BROKER_URL).scheme not in ("redis", "rediss"):
        hint = "Leave it empty to use the database, or write redis://HOST:PORT/NUMBER."
        found.append(Error("QUEUE_BROKER_URL is no Redis address.", hint=hint, id="projects.E005"))
    if bool(settings.GITHUB_CLIENT_ID) != bool(settings.GITHUB_CLIENT_SECRET):
        hint = "Set both, or neither: then the GitHub App that was made here serves."
        message = "Of GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET only one is set."
        found.append(Error(message, hint=hint, id="projects.E007"))
    return found


ALL = (sqlite_options, field_keys, field_key_file, urls, git_version, choices)


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
