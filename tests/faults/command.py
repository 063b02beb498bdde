"""Plays many schedules in this process, on a database made for them, and says what fails and how to see it again."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db import connection

from tests.faults.runner import Result, Totals, percentile, play
from tests.faults.schedule import draw
from tests.faults.world import World


@contextmanager
def database(root: Path) -> Iterator[None]:
    """A database made for the simulator: a file below `root`, or one beside others on the server."""
    name = os.environ.get("FAULTS_DATABASE", f"faults_{os.getpid()}")
    is_file = connection.vendor == "sqlite"
    connection.settings_dict["TEST"]["NAME"] = str(root / "database.sqlite3") if is_file else name
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        yield
    finally:
        connection.creation.destroy_test_db(connection.settings_dict["NAME"], verbosity=0)


def play_all(root: Path, seed: int, schedules: int, *, verbose: bool) -> dict[str, Any]:
    logging.disable(logging.CRITICAL if not verbose else logging.INFO)
    totals = Totals()
    with database(root):
        world = World(root / "world")
        try:
            for number in range(seed, seed + schedules):
                result = play(world, draw(number))
                totals.add(result)
                if verbose or not result.verdict.is_good:
                    _tell(result, verbose=verbose)
        finally:
            world.close()
    return {
        "schedules": totals.schedules,
        "duplicates": totals.duplicates,
        "losses": totals.losses,
        "human_steps": totals.human_steps,
        "wrongs": totals.wrongs,
        "blows": totals.blows,
        "blows_fallen": totals.blows_fallen,
        "recovery_p99_s": round(percentile(totals.recoveries, 0.99), 1),
        "raw_recovery_p99_s": round(percentile(totals.raw_recoveries, 0.99), 1),
        "recoveries": [round(seconds, 1) for seconds in totals.recoveries],
        "raw_recoveries": [round(seconds, 1) for seconds in totals.raw_recoveries],
        "failing": totals.failing,
    }


def _tell(result: Result, *, verbose: bool) -> None:
    verdict = result.verdict
    for line in result.log if verbose else []:
        print(line, file=sys.stderr)
    for name in ("duplicates", "losses", "human_steps", "wrongs"):
        for sentence in getattr(verdict, name):
            print(f"seed {result.seed}: {name}: {sentence}", file=sys.stderr)
    if verbose:
        print(
            f"{result.boundaries} boundaries, trace {result.digest}, {result.ended_at:.0f} s", file=sys.stderr
        )
        print(f"recoveries {[round(seconds, 1) for seconds in result.recoveries]}", file=sys.stderr)
    else:
        print(f"  python -m tests.faults --seed {result.seed} --schedules 1 --verbose", file=sys.stderr)
