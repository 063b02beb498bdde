"""A measured figure and how a run of them is printed: for people as a table, for programs as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

HEADINGS = ("", "value", "floor", "ratio", "goal")


@dataclass(frozen=True)
class Figure:
    """`floor` is the least that the same thing can cost, `goal` what we want the value or the ratio to be."""

    name: str
    value: float
    unit: str
    floor: float | None = None
    goal: str = ""

    @property
    def ratio(self) -> float | None:
        return None if self.floor is None else round(self.value / self.floor, 2)

    def cells(self) -> tuple[str, ...]:
        floor = "" if self.floor is None else f"{self.floor:,.4g} {self.unit}"
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        return self.name, f"{self.value:,.4g} {self.unit}", floor, ratio, self.goal


def as_table(figures: Sequence[Figure]) -> str:
    rows = [HEADINGS, *(figure.cells() for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def as_json(figures: Sequence[Figure]) -> str:
    return json.dumps([asdict(figure) | {"ratio": figure.ratio} for figure in figures], indent=2)
