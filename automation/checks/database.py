"""The database answers, is of this version, and its secrets can be read."""

from __future__ import annotations

from collections.abc import Iterator

from django.core.checks import CheckMessage
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from automation.checks.registry import fail, fine, note, register
from automation.checks.situation import Situation
from projects import rotation


@register("database", "Database")
def migrations(situation: Situation) -> Iterator[CheckMessage]:
    try:
        executor = MigrationExecutor(connection)
        pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        message = f"The database does not answer ({type(error).__name__})."
        yield fail(30, message, "Start it, and check DATABASE_URL.")
        return
    if pending:
        names = ", ".join(f"{step.app_label}.{step.name}" for step, _ in pending[:5])
        message = f"{len(pending)} migrations are not applied: {names}."
        yield fail(31, message, "Run `python manage.py migrate`, then restart web, workers and clock.")
    else:
        yield fine(31, f"The database ({connection.vendor}) answers and is of this version.")


@register("database", "Stored secrets")
def secrets(situation: Situation) -> Iterator[CheckMessage]:
    stored, closed = rotation.unreadable()
    if closed:
        hint = "Put the former key back behind the new one in FERNET_KEYS, or store these secrets again."
        yield fail(
            32, f"{len(closed)} of {stored} stored secrets cannot be read: {', '.join(closed[:5])}.", hint
        )
    elif stored:
        yield fine(32, f"All stored secrets ({stored}) open with the present FERNET_KEYS.")
    else:
        yield note(32, "No secret is stored yet.", "Link a repository with its token.")
