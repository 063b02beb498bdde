"""`python -m tests.benchmarks [--json] [NAME …]`: runs the benchmarks, each on a database of its own."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import django
from django.test.utils import setup_databases, teardown_databases

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
django.setup()

from tests.benchmarks import (  # noqa: E402
    changelists,
    first_sync,
    flood,
    log_page,
    pages,
    quota_day,
    session_overhead,
    webhooks,
)
from tests.benchmarks.figures import Figure, as_json, as_table  # noqa: E402

BENCHMARKS = {
    "session": session_overhead.measure,
    "sync": first_sync.measure,
    "flood": flood.measure,
    "log": log_page.measure,
    "changelists": changelists.measure,
    "pages": pages.measure,
    "quota_day": quota_day.measure,
    "webhooks": webhooks.measure,
}
LONG = {"whole_day": quota_day.measure_whole_day}  # only when named
CHILDREN = {"sync": first_sync.sync, "fetch": first_sync.fetch, "flood": flood.drain}


@contextmanager
def database() -> Iterator[None]:
    made = setup_databases(verbosity=0, interactive=False)
    try:
        yield
    finally:
        teardown_databases(made, verbosity=0)


def main() -> int:
    """1 when a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"Which ones: {', '.join([*BENCHMARKS, *LONG])}."
    )
    parser.add_argument("--json", action="store_true", help="Print the figures as JSON.")
    parser.add_argument("--child", nargs=2, metavar=("TASK", "ARGUMENTS"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    logging.disable(logging.INFO)
    if options.child:
        task, arguments = options.child
        with database():
            print(json.dumps(CHILDREN[task](**json.loads(arguments))))
        return 0
    if unknown := set(options.names) - {*BENCHMARKS, *LONG}:
        parser.error(f"There is no benchmark {', '.join(sorted(unknown))}.")
    figures = [figure for name in options.names or BENCHMARKS for figure in _figures_of(name)]
    print(as_json(figures) if options.json else as_table(figures))
    return 1 if any(figure.is_missed for figure in figures) else 0


def _figures_of(name: str) -> list[Figure]:
    with database():
        return (BENCHMARKS | LONG)[name]()


if __name__ == "__main__":
    sys.exit(main())
