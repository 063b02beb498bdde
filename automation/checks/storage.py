"""The folders that workers write: there, writable, and on a disk with room."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.core.checks import CheckMessage

from automation.checks.registry import fail, fine, register, warn
from automation.checks.situation import Situation
from projects.workspace.space import FREE_BYTES

COMFORT_BYTES = 5 * 2**30
MEGABYTE = 2**20


@register("storage", "Workspace")
def workspace(situation: Situation) -> Iterator[CheckMessage]:
    yield from look_at(settings.AUTOWRKERS_WORKSPACE_ROOT, "AUTOWRKERS_WORKSPACE_ROOT", 20)


@register("storage", "Logs")
def logs(situation: Situation) -> Iterator[CheckMessage]:
    yield from look_at(settings.AUTOWRKERS_LOG_ROOT, "AUTOWRKERS_LOG_ROOT", 22)


def look_at(folder: Path, name: str, number: int) -> Iterator[CheckMessage]:
    """Writing is tried: as root, and on a disk mounted read-only, permissions alone say nothing."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            free = shutil.disk_usage(folder).free
    except OSError as error:
        hint = f"Make it, let the user of the workers write it, or let {name} name another one."
        yield fail(
            number, f"The folder of {name} is not writable ({error.strerror or type(error).__name__}).", hint
        )
        return
    room = f"{free // MEGABYTE:,} MB are free in the folder of {name}"
    if free < FREE_BYTES:
        hint = f"Free at least {FREE_BYTES // MEGABYTE} MB: until then every session waits."
        yield fail(number + 1, f"Only {room}.", hint)
    elif free < COMFORT_BYTES:
        yield warn(number + 1, f"Only {room}.", "Free some before sessions have to wait.")
    else:
        yield fine(number, f"Writable; {room}.")
