"""Django's system checks of this product, each by the message it proves."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.checks import run_checks

from config.settings import SQLITE_OPTIONS
from projects import checks

SQLITE = "django.db.backends.sqlite3"


def ids(messages):
    return [message.id for message in messages]


def test_the_shipped_settings_raise_nothing():
    assert [message for message in run_checks() if message.id.startswith("projects.")] == []


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"transaction_mode": None}, "transaction_mode"),
        ({"timeout": 5}, "timeout"),
        ({"init_command": "PRAGMA synchronous=NORMAL;"}, "journal_mode=wal"),
        ({"init_command": "PRAGMA journal_mode=WAL;"}, "synchronous=normal"),
    ],
)
def test_e001_sqlite_without_a_measured_option(options, named):
    entry = {"ENGINE": SQLITE, "OPTIONS": SQLITE_OPTIONS | options}
    (found,) = checks.judge_database("default", entry)
    assert (found.id, named in found.hint) == ("projects.E001", True)


def test_e001_sqlite_without_options_at_all():
    assert ids(checks.judge_database("default", {"ENGINE": SQLITE})) == ["projects.E001"]


def test_another_database_needs_no_sqlite_options():
    assert checks.judge_database("default", {"ENGINE": "django.db.backends.postgresql"}) == []


@pytest.mark.parametrize(
    ("debug", "keys", "found"),
    [
        (False, ["the-secret-key"], ["projects.W001"]),
        (False, ["its-own-key"], []),
        (False, ["its-own-key", "the-secret-key"], []),
        (True, ["the-secret-key"], []),
    ],
)
def test_w001_field_keys_that_are_the_secret_key(debug, keys, found, settings):
    settings.DEBUG, settings.SECRET_KEY, settings.FERNET_KEYS = debug, "the-secret-key", keys
    assert ids(checks.field_keys(None)) == found


@pytest.mark.parametrize("name", checks.URL_SETTINGS)
@pytest.mark.parametrize(
    "url",
    ["", "github.com", "ftp://github.com", "https://", "https://user:pw@github.com", "https://x/?q=1",
     "https://x/#y", "http://x:notaport", "http://[::1", "https://x:99999"],
)  # fmt: skip
def test_e002_a_url_that_no_client_can_use(name, url, settings):
    setattr(settings, name, url)
    assert ids(checks.urls(None)) == ["projects.E002"]


def test_e002_does_not_repeat_a_password_in_the_url(settings):
    settings.GITHUB_API_URL = "https://user:hunter2@github.example.com"
    (found,) = checks.urls(None)
    assert "hunter2" not in str(found)


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("http://github.example.com/api/v3", ["projects.W002"]),
        ("http://127.0.0.1:8080", []),
        ("http://localhost:8080", []),
        ("http://[::1]:8080", []),
        ("https://github.example.com:8443/api/v3", []),
    ],
)
def test_w002_a_token_that_would_travel_unencrypted(url, found, settings):
    settings.GITHUB_API_URL = url
    assert ids(checks.urls(None)) == found


@pytest.mark.parametrize(
    ("says", "found"),
    [
        ("git version 2.38.0", []),
        ("git version 2.39.5 (Apple Git-154)", []),
        ("git version 3.0.0", []),
        ("git version 2.37.9", ["projects.W003"]),
        ("git version 1.99", ["projects.W003"]),
        ("what?", ["projects.W003"]),
    ],
)
def test_w003_a_git_that_is_too_old(says, found):
    assert ids(checks.judge_git(says)) == found


def test_w003_no_git_at_all(monkeypatch, tmp_path: Path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert ids(checks.git_version(None)) == ["projects.W003"]


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"AUTOWRKERS_AGENT_ENV": ["ANTHROPIC_API_KEY"]}, []),
        ({"AUTOWRKERS_AGENT_ENV": ["GITHUB_TOKEN", "SECRET_KEY"]}, ["projects.E003"]),
        ({"AUTOWRKERS_SANDBOX": "banana"}, ["projects.E004"]),
        ({"QUEUE_BROKER_URL": "banana"}, ["projects.E005"]),
        ({"QUEUE_BROKER_URL": "redis://127.0.0.1:6379/0"}, []),
    ],
)
def test_settings_that_only_a_worker_would_notice_are_looked_at_before(settings, values, found):
    for name, value in values.items():
        setattr(settings, name, value)
    assert [message.id for message in checks.choices(None)] == found


@pytest.mark.parametrize(
    ("values", "found"), [(("id", "secret"), []), (("", ""), []), (("id", ""), ["projects.E007"])]
)
def test_e007_half_of_an_oauth_client(values, found, settings):
    settings.GITHUB_CLIENT_ID, settings.GITHUB_CLIENT_SECRET = values
    assert ids(checks.choices(None)) == found
