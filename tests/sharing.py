"""Of what is much alike a share is tested, always the same; `AUTOWRKERS_EVERY=1` takes all, and minutes more."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import TypeVar

import pytest

EVERY = bool(os.environ.get("AUTOWRKERS_EVERY"))
Value = TypeVar("Value")


def spread(values: Sequence[Value], most: int) -> list[Value]:
    """At most so many of them, at equal distances, the first one among them."""
    if EVERY or len(values) <= most:
        return list(values)
    return [values[number * len(values) // most] for number in range(most)]


def keep_few_cases(
    config: pytest.Config, items: list[pytest.Item], under: str, most: int, whole: Collection[str]
) -> None:
    """Deselect all but `most` cases of each test whose id begins with `under`, but none of those named in `whole`."""
    cases = defaultdict[str, list[pytest.Item]](list)
    for item in items:
        name, bracket, _ = item.nodeid.partition("[")
        if name.startswith(under) and bracket and name not in whole:
            cases[name].append(item)
    left = {id(item) for of_one in cases.values() for item in set(of_one) - set(spread(of_one, most))}
    config.hook.pytest_deselected(items=[item for item in items if id(item) in left])
    items[:] = [item for item in items if id(item) not in left]
