"""Field keys from a file or the keyring: read in order, refused in a sentence, never shown."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from automation.checks.settings import keys as look_at_keys
from automation.checks.situation import Situation
from config import field_keys
from projects import checks
from tests.automation.commands.calling import run_command

ONE, TWO = "first-key-" + "a1b2c3" * 6, "second-key-" + "d4e5f6" * 6


def read(**values):
    return field_keys.read(**{"given": [], "file": None, "entry": "", "secret_key": "the-secret"} | values)


@pytest.fixture
def file(tmp_path):
    file = tmp_path / "keys"
    file.write_text(f"{ONE}\n\n  {TWO}\n")
    file.chmod(0o600)
    return file


def test_a_file_holds_one_key_per_line_newest_first(file):
    found = read(file=file)
    assert found.keys == [ONE, TWO]
    assert str(file) in found.source
    assert "first line" in found.place


def test_the_keyring_is_asked_for_its_entry(monkeypatch):
    keyring = pytest.importorskip("keyring")
    monkeypatch.setattr(
        keyring, "get_password", lambda *entry: {("autowrkers", "keys"): f"{ONE}, {TWO}"}.get(entry)
    )
    assert read(entry="autowrkers/keys").keys == [ONE, TWO]
    with pytest.raises(ImproperlyConfigured, match="keyring set other keys"):
        read(entry="other/keys")


def test_without_any_the_secret_key_serves():
    assert read().keys == ["the-secret"]
    assert read(given=[ONE]).source == "FERNET_KEYS"


@pytest.mark.parametrize("two", [{"given": [ONE]}, {"entry": "a/b"}])
def test_two_sources_are_an_error_that_names_both(file, two):
    with pytest.raises(ImproperlyConfigured, match="both set") as refusal:
        read(file=file, **two)
    assert "FERNET_KEYS_FILE" in str(refusal.value)
    assert ONE not in str(refusal.value)


@pytest.mark.parametrize("content", [None, b"", b"\n \n", b"\xff\xfe"])
def test_a_file_without_a_key_is_a_sentence(tmp_path, content):
    file = tmp_path / "keys"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ImproperlyConfigured, match="one key per line"):
        read(file=file)


@pytest.mark.parametrize("entry", ["service", "/name", "service/"])
def test_an_entry_without_service_or_name_is_a_sentence(entry):
    with pytest.raises(ImproperlyConfigured, match="service/name"):
        read(entry=entry)


def test_a_missing_package_names_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(ImproperlyConfigured, match="extra"):
        read(entry="a/b")


def test_a_keyring_that_is_locked_is_a_sentence(monkeypatch):
    keyring = pytest.importorskip("keyring")

    def locked(*entry):
        raise RuntimeError(f"cannot open {ONE}")

    monkeypatch.setattr(keyring, "get_password", locked)
    with pytest.raises(ImproperlyConfigured, match="does not answer") as refusal:
        read(entry="a/b")
    assert ONE not in str(refusal.value)


@pytest.mark.parametrize(
    ("mode", "found"), [(0o600, []), (0o640, ["projects.W004"]), (0o604, ["projects.W004"])]
)
def test_w004_a_file_that_others_may_read(file, settings, mode, found):
    file.chmod(mode)
    settings.FERNET_KEYS_FILE = file
    assert [message.id for message in checks.field_key_file(None)] == found


def test_doctor_and_rotate_keys_name_the_source_and_never_the_key(settings, db):
    settings.FERNET_KEYS_SOURCE, settings.FERNET_KEYS_PLACE = "the file /x", "as the first line of /x"
    settings.FERNET_KEYS = [ONE]
    said = " ".join(message.msg for message in look_at_keys(Situation()))
    assert "come from the file /x" in said
    assert ONE not in said
    ran = run_command("rotate_keys", "--dry-run")
    assert "put as the first line of /x" in ran.out + ran.err


def test_the_settings_read_the_file(file, tmp_path):
    root = Path(__file__).parents[2]
    env = {"PATH": os.defpath, "DEBUG": "true", "ENV_FILE": os.devnull, "FERNET_KEYS_FILE": str(file)}
    line = "from config import settings; print(len(settings.FERNET_KEYS), settings.FERNET_KEYS_SOURCE)"
    ran = subprocess.run(
        [sys.executable, "-c", line], cwd=root, env=env, capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == f"2 the file {file}"
