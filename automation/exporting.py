"""The figures of the Analytics page as rows: one for each project and day (UTC) on which anything happened.

Counts and costs of several rows add up to what the page shows; its shares are quotients of these sums. Medians and
other times are those of the one day.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db.models import QuerySet

from automation.daily import read_in_order
from automation.measures import Measures
from projects.models import Project

COLUMNS = (
    "project_id",
    "project",
    "day",
    "issues_ended",
    "issues_fixed",
    "issues_fixed_at_first_attempt",
    "pull_requests_opened",
    "pull_requests_decided",
    "pull_requests_merged_unchanged",
    "attempts_checked",
    "attempts_passed",
    "minutes_to_fix_median",
    "minutes_to_fix_ninety_percent",
    "minutes_to_fix_average",
    "cost_usd",
    "attempts_without_price",
)


def rows(projects: QuerySet[Project], since: datetime) -> Iterator[dict[str, Any]]:
    """COLUMNS of each project and day, in this order; None where nothing was measured. Six queries, however many.

    Memory: the names of the projects, and the times of one project's day.
    """
    names = dict(projects.values_list("pk", "github_repo"))
    for (pk, day), tables in groupby(read_in_order(projects, since), key=itemgetter(0, 1)):
        found = Measures()
        for _, _, counts in tables:
            found.add(counts)
        found.close()
        yield dict(zip(COLUMNS, (pk, names[pk], day.isoformat(), *_values(found)), strict=True))


def _values(found: Measures) -> tuple[object, ...]:
    return (
        found.ended,
        found.fixed,
        found.first_try,
        found.pull_requests,
        found.decided,
        found.merged_unchanged,
        found.checked,
        found.checked - found.rejected,
        _minutes(found.median_time),
        _minutes(found.slow_time),
        _minutes(found.average_time),
        found.cost,
        found.unpriced,
    )


def _minutes(length: timedelta | None) -> float | None:
    return None if length is None else round(length.total_seconds() / 60, 2)
