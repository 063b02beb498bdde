"""How well the work went since a moment: in all, by week or by project, from one reading of what each day brought."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from statistics import median
from typing import Any

from django.db.models import QuerySet

from automation.daily import read
from projects.models import Project

Key = date | int
CENT_OF_A_CENT = Decimal("0.0001")


class By(Enum):
    """What the rows are grouped by. A project's rows carry its id, a week's rows its Monday (UTC)."""

    NOTHING = 0
    WEEK = 1
    PROJECT = 2


@dataclass
class Measures:
    """Counts of one group. A share or time is None when there is nothing to divide by."""

    ended: int = 0
    fixed: int = 0
    first_try: int = 0
    decided: int = 0
    merged_unchanged: int = 0
    checked: int = 0
    rejected: int = 0
    pull_requests: int = 0
    average_time: timedelta | None = None
    median_time: timedelta | None = None
    slow_time: timedelta | None = None
    cost: Decimal | None = None
    unpriced: int = 0
    _seconds: list[float] = field(default_factory=list, repr=False)

    @property
    def fix_rate(self) -> float | None:
        return _share(self.fixed, self.ended)

    @property
    def first_attempt_success(self) -> float | None:
        return _share(self.first_try, self.ended)

    @property
    def verification_pass_rate(self) -> float | None:
        return _share(self.checked - self.rejected, self.checked)

    @property
    def merge_rate(self) -> float | None:
        return _share(self.merged_unchanged, self.decided)

    def add(self, counts: dict[str, Any]) -> None:
        for name, value in counts.items():
            if name == "seconds":
                self._seconds.append(value)
            elif value is not None:
                setattr(self, name, (getattr(self, name) or 0) + value)

    def close(self) -> None:
        """The slow time is the least that nine tenths do not exceed."""
        if self.cost is not None:  # SQLite sums as floats
            self.cost = self.cost.quantize(CENT_OF_A_CENT)
        if not self._seconds:
            return
        lengths, count = sorted(self._seconds), len(self._seconds)
        self.pull_requests = count
        self.average_time = _length(sum(lengths) / count)
        self.median_time = _length(median(lengths))
        self.slow_time = _length(lengths[-(-9 * count // 10) - 1])
        self._seconds = []


def measure(projects: QuerySet[Project], since: datetime, by: By = By.NOTHING) -> dict[Key, Measures]:
    """The measures of each group in which anything happened; of `By.NOTHING` the one group 0, always."""
    return measure_each(projects, since, by)[0]


def measure_each(projects: QuerySet[Project], since: datetime, *ways: By) -> list[dict[Key, Measures]]:
    """What `measure` tells for each of the ways, from one reading."""
    found: list[dict[Key, Measures]] = [defaultdict(Measures) for _ in ways]
    for project, day, counts in read(projects, since):
        for way, groups in zip(ways, found, strict=True):
            groups[_key(way, project, day)].add(counts)
    for way, groups in zip(ways, found, strict=True):
        if way is By.NOTHING:
            groups.setdefault(0, Measures())
        for measures in groups.values():
            measures.close()
    return [dict(groups) for groups in found]


def _key(by: By, project: int, day: date) -> Key:
    if by is By.NOTHING:
        return 0
    return day - timedelta(days=day.weekday()) if by is By.WEEK else project


def _length(seconds: float) -> timedelta:
    return timedelta(seconds=round(seconds, 3))


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
