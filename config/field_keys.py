"""Where the keys of the encrypted columns come from: FERNET_KEYS, a file or the system's keyring; one of the three."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


@dataclass(frozen=True)
class FieldKeys:
    """`keys`, newest first. `source` and `place` are words: where they are, and where a new one is put."""

    keys: list[str]
    source: str
    place: str


def read(*, given: list[str], file: Path | None, entry: str, secret_key: str) -> FieldKeys:
    """Raises ImproperlyConfigured when two are set, or the one that is set holds no key."""
    named = {"FERNET_KEYS": given, "FERNET_KEYS_FILE": file, "FERNET_KEYS_KEYRING": entry}
    present = [name for name, value in named.items() if value]
    if len(present) > 1:
        raise ImproperlyConfigured(
            f"{' and '.join(present)} are both set: keep one, so that it is clear which counts."
        )
    if file is not None:
        return _of_file(file)
    if entry:
        return _of_keyring(entry)
    if given:
        return FieldKeys(given, "FERNET_KEYS", "in front in FERNET_KEYS")
    return FieldKeys([secret_key], "SECRET_KEY", "into FERNET_KEYS, with SECRET_KEY behind it")


def _of_file(file: Path) -> FieldKeys:
    """One key per line."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise ImproperlyConfigured(
            f"FERNET_KEYS_FILE: {file} cannot be read ({type(error).__name__}). "
            "Write one key per line, readable by this user alone (chmod 600)."
        ) from None
    keys = [line.strip() for line in lines if line.strip()]
    if not keys:
        raise ImproperlyConfigured(f"FERNET_KEYS_FILE: {file} holds no key. Write one key per line.")
    return FieldKeys(keys, f"the file {file}", f"as the first line of {file}")


def _of_keyring(entry: str) -> FieldKeys:
    """An entry's password holds the keys, separated by commas, as FERNET_KEYS would."""
    service, _, name = entry.partition("/")
    if not (service and name):
        raise ImproperlyConfigured(f"FERNET_KEYS_KEYRING is {entry!r}: write service/name.")
    try:
        keyring, errors = import_module("keyring"), import_module("keyring.errors")
    except ImportError:
        raise ImproperlyConfigured(
            "FERNET_KEYS_KEYRING needs the package keyring: install the extra of that name (pip install '.[keyring]')."
        ) from None
    how = f"Store them with: keyring set {service} {name}"
    try:
        stored = keyring.get_password(service, name)
    except (errors.KeyringError, OSError, RuntimeError) as error:
        raise ImproperlyConfigured(
            f"FERNET_KEYS_KEYRING: the keyring does not answer ({type(error).__name__}). {how}"
        ) from None
    keys = [word.strip() for word in (stored or "").split(",") if word.strip()]
    if not keys:
        raise ImproperlyConfigured(f"FERNET_KEYS_KEYRING: the keyring has no keys under {entry}. {how}")
    return FieldKeys(keys, f"the keyring entry {entry}", f"in front in the keyring entry {entry}")
