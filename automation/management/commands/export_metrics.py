"""export_metrics: the figures per project and day on stdout, as JSON lines or CSV, written as they are read."""

from __future__ import annotations

import csv
import json
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

from django.core.management.base import CommandParser
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone

from automation import exporting
from automation.console import Answer, ConsoleCommand, find_project
from automation.figures import days_ago
from projects.export import safe_cell
from projects.models import Project

Row = dict[str, Any]
MOST_DAYS = 3650


def number_of_days(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text[:9]) <= MOST_DAYS:
        raise ArgumentTypeError(f"{text!r} is not a number of days between 1 and {MOST_DAYS}")
    return int(text)


def past_day(text: str) -> datetime:
    """The start (UTC) of the day."""
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is not a day such as 2026-01-31") from error
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    if start > timezone.now():
        raise ArgumentTypeError(f"{text} has not come yet")
    return start


class Command(ConsoleCommand):
    help = (
        "Write the figures of the Analytics page to stdout: one row for each project and day (UTC) on which "
        "anything happened, today's as far as it has come."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Without --json: the rows are the answer."""
        parser.add_argument("--format", choices=list(WRITERS), default="jsonl", help="jsonl unless told.")
        parser.add_argument(
            "--project",
            action="append",
            default=[],
            help="Id, name or owner/repo; repeatable. All unless told.",
        )
        period = parser.add_mutually_exclusive_group()
        period.add_argument("--since", type=past_day, metavar="DATE", help="From this day (UTC) on.")
        period.add_argument(
            "--days", type=number_of_days, default=30, help="As many days back, as on the page (30)."
        )

    def act(self, **options: Any) -> Answer:
        projects = Project.objects.active()
        if options["project"]:
            projects = projects.filter(pk__in=[find_project(name).pk for name in options["project"]])
        since = options["since"] or days_ago(options["days"])
        for line in WRITERS[options["format"]](exporting.rows(projects, since)):
            self.stdout.write(line)
        return Answer()


def as_json_lines(rows: Iterator[Row]) -> Iterator[str]:
    for row in rows:
        cost = row["cost_usd"]
        yield json.dumps(row | {"cost_usd": None if cost is None else float(cost)}, cls=DjangoJSONEncoder)


def as_csv(rows: Iterator[Row]) -> Iterator[str]:
    """A spreadsheet takes none of it for a formula; what was not measured is empty."""
    writer = csv.writer(_Echo(), lineterminator="\n")
    yield writer.writerow(exporting.COLUMNS)
    for row in rows:
        yield writer.writerow([safe_cell(value) for value in row.values()])


class _Echo:
    """A file that hands each written line on instead of keeping it."""

    def write(self, line: str) -> str:
        return line


WRITERS: dict[str, Callable[[Iterator[Row]], Iterator[str]]] = {"jsonl": as_json_lines, "csv": as_csv}
