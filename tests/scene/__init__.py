"""A small world that looks like a team's Tuesday: for looking at pages, for pictures and for browser tests."""

from __future__ import annotations

from tests.scene.people import PASSWORD, People
from tests.scene.world import World, fill

__all__ = ["PASSWORD", "People", "World", "fill"]
