"""What a page costs: milliseconds and queries."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.db import connection
from django.test.utils import CaptureQueriesContext

TRIES = 3


def milliseconds(view: Callable[[], None]) -> float:
    """The best of a few, warm."""
    view()
    taken = []
    for _ in range(TRIES):
        began = time.perf_counter()
        view()
        taken.append(time.perf_counter() - began)
    return min(taken) * 1000


def queries(view: Callable[[], None]) -> int:
    with CaptureQueriesContext(connection) as captured:
        view()
    return len(captured)
