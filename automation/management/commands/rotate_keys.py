"""rotate_keys: after a new key was put in front of the others, wherever they are."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from automation.console import Answer, ConsoleCommand, Exit, actor
from projects.errors import AutowrkersError
from projects.rotation import Rotation, rotate


class Command(ConsoleCommand):
    help = (
        "Encrypt all stored secrets with the first of the field keys (FERNET_KEYS, or the file or keyring entry in "
        "its place). Afterwards the other keys may go."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--dry-run", action="store_true", help="Count only.")

    def act(self, **options: Any) -> Answer:
        rotation = rotate(actor=actor(), dry_run=options["dry_run"])
        data = {
            "rotated": rotation.rotated,
            "current": rotation.current,
            "merged": rotation.merged,
            "unreadable": len(rotation.unreadable),
            "by_key": rotation.by_key,
            "source": settings.FERNET_KEYS_SOURCE,
            "dry_run": options["dry_run"],
        }
        if not rotation.unreadable:
            return Answer(data, list(summary(rotation, dry_run=options["dry_run"])))
        error = AutowrkersError(
            "credential.unreadable",
            f"No key of {settings.FERNET_KEYS_SOURCE} opens: {', '.join(rotation.unreadable)}.",
            "Put the former key behind the new one and run this again, or store those secrets anew.",
        )
        lines = list(summary(rotation, dry_run=options["dry_run"]))
        return Answer(data, lines, [error], Exit.SOME_FAILED)


def summary(rotation: Rotation, *, dry_run: bool) -> list[str]:
    """For people: what was done, and under which key each secret was found."""
    to_do = "to encrypt anew" if dry_run else "encrypted anew"
    counts = [f"{rotation.rotated} {to_do}", f"{rotation.current} current already"]
    if rotation.merged:
        counts.append(f"{rotation.merged} {'to join' if dry_run else 'joined with'} an equal one")
    counts.append(f"{len(rotation.unreadable)} unreadable")
    found = [f"Under key {number}: {count}." for number, count in sorted(rotation.by_key.items())]
    where = (
        f"Keys are read from {settings.FERNET_KEYS_SOURCE}; a new one is put {settings.FERNET_KEYS_PLACE}."
    )
    return [", ".join(counts) + ".", *found, where]
