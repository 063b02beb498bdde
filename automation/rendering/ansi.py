"""Terminal output as HTML: sixteen colours and bold by a closed set of classes, every other escape removed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from issues.sanitize import make_visible

COLOURING = re.compile(r"\x1b\[([0-9;:]{0,64})m")
MOST_CHANGES = 2_000  # of colour in one text; what follows is plain


def to_html(text: str) -> SafeString:
    """The text escaped, in spans of the classes ansi-bold, ansi-fg-0 to 15 and ansi-bg-0 to 15."""
    return format_html_join("", "{}", ((_span(words, classes),) for words, classes in _pieces(text)))


def _span(words: str, classes: str) -> SafeString:
    return format_html('<span class="{}">{}</span>', classes, words) if classes else format_html("{}", words)


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    """Runs of text with the classes of each."""
    parts = COLOURING.split(text, maxsplit=MOST_CHANGES)
    state: dict[str, int] = {}
    classes, waiting = "", make_visible(parts[0])
    for codes, words in zip(parts[1::2], parts[2::2], strict=True):
        _apply(codes, state)
        if (now := _classes(state)) != classes and waiting:
            yield waiting, classes
            waiting = ""
        classes = now
        waiting += make_visible(words)
    if waiting:
        yield waiting, classes


def _classes(state: dict[str, int]) -> str:
    names = [f"ansi-{side}-{state[side]}" for side in ("fg", "bg") if side in state]
    return " ".join([*names, *(["ansi-bold"] if "bold" in state else [])])


def _apply(codes: str, state: dict[str, int]) -> None:
    """One escape's numbers; of the 256 colours only the first sixteen, others leave the colour as it was."""
    numbers = iter([int(code or 0) for code in codes.replace(":", ";").split(";")])
    for number in numbers:
        match number:
            case 0:
                state.clear()
            case 1:
                state["bold"] = 1
            case 22:
                state.pop("bold", None)
            case 39 | 49:
                state.pop("fg" if number == 39 else "bg", None)
            case 38 | 48:
                colour = _extended(numbers)
                if colour is not None:
                    state["fg" if number == 38 else "bg"] = colour
            case _:
                _set_colour(number, state)


def _set_colour(number: int, state: dict[str, int]) -> None:
    for side, first, shift in (("fg", 30, 0), ("bg", 40, 0), ("fg", 90, 8), ("bg", 100, 8)):
        if first <= number < first + 8:
            state[side] = number - first + shift


def _extended(numbers: Iterator[int]) -> int | None:
    """After 38 or 48: `5;n` is one of 256 colours, `2;r;g;b` any."""
    kind = next(numbers, 0)
    given = [next(numbers, -1) for _ in range({5: 1, 2: 3}.get(kind, 0))]
    return given[0] if kind == 5 and 0 <= given[0] < 16 else None
