"""Bar charts drawn on the server: positions as SVG attributes, colours by the classes of the page's stylesheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

HEIGHT = 180
BOTTOM, TOP = 22, 18
LABELS = 6


@dataclass(frozen=True)
class Bar:
    """`x` and `width` are percentages of the chart's width, so that text keeps its size on any screen."""

    x: float
    y: float
    width: float
    height: float
    tone: str
    title: str


@dataclass(frozen=True)
class Label:
    x: float
    text: str


@dataclass(frozen=True)
class Chart:
    """`bars` of one column stand on each other; `top` is the value at the upper line."""

    title: str
    top: str
    bars: tuple[Bar, ...]
    labels: tuple[Label, ...]
    height: int = HEIGHT
    base: int = HEIGHT - BOTTOM
    ceiling: int = TOP


@dataclass(frozen=True)
class Column:
    """Parts are (value, tone, words)."""

    label: str
    parts: tuple[tuple[float, str, str], ...]


def draw(title: str, columns: Sequence[Column], *, unit: str = "") -> Chart | None:
    """None where every column is empty: a chart of nothing says nothing."""
    highest = max((sum(value for value, _, _ in column.parts) for column in columns), default=0)
    if not highest:
        return None
    step = 100 / len(columns)
    room = HEIGHT - BOTTOM - TOP
    every = max(1, -(-len(columns) // LABELS))
    bars, labels = [], []
    for index, column in enumerate(columns):
        x, y = index * step, float(HEIGHT - BOTTOM)
        for value, tone, words in column.parts:
            tall = room * value / highest
            y -= tall
            if value:
                bars.append(
                    Bar(
                        round(x + step * 0.12, 1),
                        round(y, 1),
                        round(step * 0.76, 1),
                        round(tall, 1),
                        tone,
                        words,
                    )
                )
        if index % every == 0:
            labels.append(Label(round(x + step / 2, 1), column.label))
    return Chart(
        title,
        f"{unit}{highest:,.0f}" if highest >= 10 or not unit else f"{unit}{highest:.2f}",
        tuple(bars),
        tuple(labels),
    )
