"""A measured figure, the goal it has to reach, and how a run is printed: a table for people, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

HEADINGS = ("", "value", "floor", "ratio", "goal", "")


@dataclass(frozen=True)
class Goal:
    """What the value, or its ratio to the floor, may be at most."""

    of: Literal["value", "ratio"]
    most: float

    def __str__(self) -> str:
        return f"{self.of} at most {self.most:,g}"


@dataclass(frozen=True)
class Figure:
    """`floor` is the least that the same thing can cost. Without a goal it informs only."""

    name: str
    value: float
    unit: str
    floor: float | None = None
    goal: Goal | None = None

    @property
    def ratio(self) -> float | None:
        return None if not self.floor else round(self.value / self.floor, 2)

    @property
    def is_missed(self) -> bool:
        """A ratio to a floor of nothing is missed by any value but nothing."""
        if self.goal is None:
            return False
        if self.goal.of == "value":
            return self.value > self.goal.most
        return self.value > 0 if self.ratio is None else self.ratio > self.goal.most

    def cells(self) -> tuple[str, ...]:
        floor = "" if self.floor is None else f"{self.floor:,.4g} {self.unit}"
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        verdict = "MISSED" if self.is_missed else "met" if self.goal else ""
        goal = "" if self.goal is None else str(self.goal)
        return self.name, f"{self.value:,.4g} {self.unit}", floor, ratio, goal, verdict


def as_table(figures: Sequence[Figure]) -> str:
    rows = [HEADINGS, *(figure.cells() for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def as_json(figures: Sequence[Figure]) -> str:
    return json.dumps([_plain(figure) for figure in figures], indent=2)


def _plain(figure: Figure) -> dict[str, Any]:
    return {
        "name": figure.name,
        "value": figure.value,
        "unit": figure.unit,
        "floor": figure.floor,
        "ratio": figure.ratio,
        "goal": str(figure.goal or ""),
        "missed": figure.is_missed,
    }
