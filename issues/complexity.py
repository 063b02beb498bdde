"""How complex an issue probably is, by weights that people can read and check. An estimate, no more."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

from issues.references import extract

COMPLEX_LABELS = ("breaking-change", "architecture", "security")
CHARACTERS_PER_POINT = 1000
POINTS_PER_FILE = 2
POINTS_PER_LABEL = 5
POINTS_PER_QUESTION = 2
MEDIUM_FROM = 5
HIGH_FROM = 12

Level = Literal["low", "medium", "high"]


@dataclass(frozen=True)
class Complexity:
    score: float
    level: Level
    reasons: tuple[str, ...]  # one sentence part for each kind of points, the most points first


def score(
    title: str, body: str, labels: Iterable[str], *, complex_labels: Collection[str] = COMPLEX_LABELS
) -> Complexity:
    """Points for a long description, files named in it or in the title, telling labels, and questions."""
    files = dict.fromkeys(extract(title).paths + extract(body).paths)
    telling = {label.casefold() for label in complex_labels}
    found = [label for label in labels if label.casefold() in telling]
    questions = body.count("?")
    parts = [
        (len(body) / CHARACTERS_PER_POINT, f"description of {len(body):,} characters"),
        (len(files) * POINTS_PER_FILE, _counted(len(files), "file") + " named"),
        (len(found) * POINTS_PER_LABEL, f"labelled {', '.join(found)}"),
        (questions * POINTS_PER_QUESTION, _counted(questions, "question mark")),
    ]
    total = round(sum(points for points, _ in parts), 3)
    parts.sort(key=lambda part: -part[0])
    return Complexity(
        score=total,
        level=_level(total),
        reasons=tuple(f"{reason} (+{points:.1f})" for points, reason in parts if points >= 0.1),
    )


def _level(points: float) -> Level:
    if points < MEDIUM_FROM:
        return "low"
    return "medium" if points < HIGH_FROM else "high"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
