"""Changing FERNET_KEYS: every stored secret is encrypted anew with the newest key. Safe to repeat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.db import transaction
from django.db.models import BinaryField, ExpressionWrapper, F, QuerySet

from projects.fields import SecretField
from projects.models import Credential, Project
from projects.models.audit import record
from projects.models.credential import fingerprint


@dataclass
class Rotation:
    """How many secrets were re-encrypted, were current already, joined an equal one, or cannot be read."""

    rotated: int = 0
    current: int = 0
    merged: int = 0
    unreadable: list[str] = field(default_factory=list)
    by_key: dict[int, int] = field(default_factory=dict)


def rotate(*, actor: str, dry_run: bool = False) -> Rotation:
    """Re-encrypt all secrets. `by_key` counts those found under each key: 1 is the newest of FERNET_KEYS."""
    rotation = Rotation()
    fernets = _fernets()
    for pk in _stored().order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            _rotate_one(pk, fernets, rotation, dry_run=dry_run)
    if not dry_run and (rotation.rotated or rotation.merged):
        counts = {
            "rotated": rotation.rotated,
            "merged": rotation.merged,
            "unreadable": len(rotation.unreadable),
        }
        record(actor=actor, verb="keys.rotated", subject="all credentials", **counts)
    return rotation


def unreadable() -> tuple[int, list[str]]:
    """How many secrets are stored, and the names of those that none of our keys opens. One query."""
    fernets = _fernets()
    rows = _stored().annotate(stored=ExpressionWrapper(F("secret"), BinaryField())).order_by("pk")
    opened = {f"{row} (id {row.pk})": _open(bytes(row.stored), fernets) is not None for row in rows}
    return len(opened), [name for name, is_open in opened.items() if not is_open]


def _rotate_one(pk: int, fernets: Sequence[Fernet], rotation: Rotation, *, dry_run: bool) -> None:
    credential = (
        _stored()
        .select_for_update()  # the tokens of an account may be renewed meanwhile
        .annotate(stored=ExpressionWrapper(F("secret"), BinaryField()))
        .filter(pk=pk)
        .first()
    )
    if credential is None:
        return
    opened = _open(bytes(credential.stored), fernets)
    if opened is None:
        rotation.unreadable.append(f"{credential} (id {pk})")
        return
    number, secret = opened
    rotation.by_key[number] = rotation.by_key.get(number, 0) + 1
    is_named = ":" in credential.fingerprint
    mark = credential.fingerprint if is_named else fingerprint(secret)
    if number == 1 and mark == credential.fingerprint:
        rotation.current += 1
        return
    same = Credential.objects.filter(kind=credential.kind, api_url=credential.api_url, fingerprint=mark)
    twin = same.exclude(pk=pk).first()
    if twin is None:
        rotation.rotated += 1
    else:
        rotation.merged += 1
    if dry_run:
        return
    if twin is not None:
        _join(credential, twin)
        return
    credential.fingerprint = mark
    credential.secret = secret  # type: ignore[assignment]
    credential.save(update_fields=["secret", "fingerprint"])


def _join(credential: Credential, twin: Credential) -> None:
    """The same secret was stored again while its old row could not be found: one row is enough."""
    Project.objects.filter(credential=credential).update(credential=twin)
    Project.objects.filter(webhook_credential=credential).update(webhook_credential=twin)
    credential.delete()


def _stored() -> QuerySet[Credential]:
    """Credentials that hold a secret of their own: no environment variable's name, no App's installation."""
    return Credential.objects.filter(variable="").exclude(kind=Credential.Kind.INSTALLATION)


def _fernets() -> list[Fernet]:
    """One per key, newest first, derived as the field derives them."""
    column = SecretField()
    column.keys = [str(key) for key in settings.FERNET_KEYS]
    return [Fernet(key) for key in column.fernet_keys]


def _open(stored: bytes, fernets: Sequence[Fernet]) -> tuple[int, str] | None:
    """Which key (1: the newest) opens it, and what is inside."""
    for number, fernet in enumerate(fernets, start=1):
        try:
            return number, fernet.decrypt(stored).decode()
        except InvalidToken:
            continue
    return None
