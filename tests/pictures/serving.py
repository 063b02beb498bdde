"""Serving the scene until somebody ends it. Imported when Django is set up."""

from __future__ import annotations

import json
import signal
import threading
from typing import Any

from django.contrib import admin

from tests.pictures.surroundings import web_server
from tests.scene import PASSWORD, World, fill

ROLES = ("superuser", "manager", "operator", "viewer", "stranger")
SESSIONS = {"failed": 125, "running": 126, "report": 128, "hostile": 138, "asked": 133, "parked": 132}


def serve(url: str, *, live: bool, as_json: bool) -> None:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, frame: stop.set())
    world = fill()
    with web_server(url, live=live):
        print(json.dumps(facts(world, url)) if as_json else words(world, url), flush=True)
        stop.wait()


def facts(world: World, url: str) -> dict[str, Any]:
    """What a program needs to find its way: who may log in, and the keys of rows worth looking at."""
    tables = ((model._meta.label_lower, model._default_manager.first()) for model in admin.site._registry)
    return {
        "url": url,
        "password": PASSWORD,
        "people": {role: getattr(world.people, role).username for role in ROLES},
        "project": world.payments.pk,
        "empty": world.empty.pk,
        "pipeline": world.pipeline.pk,
        **{state: world.session(world.payments, number).pk for state, number in SESSIONS.items()},
        "objects": {label: row.pk for label, row in tables if row is not None},
    }


def words(world: World, url: str) -> str:
    people = [f"  {role}: {getattr(world.people, role).username} / {PASSWORD}" for role in ROLES]
    return "\n".join([f"{url}/admin/", *people])
