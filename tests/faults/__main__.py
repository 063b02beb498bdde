"""`python -m tests.faults --schedules N --seed N [--json] [--verbose]`: N schedules from N seeds on; 1 if any fails.

`--rounds N [--database URL]`: N rounds of kill -9 on real processes, on a SQLite file or on a database of that server.
`--outages [--database URL]`: GitHub away for six simulated hours, or that server away for a minute.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import django

from tests.faults.installation import SLOW_AGENT, Installation
from tests.faults.proxy import Proxy

TARGET_SECONDS = 75.0
LISTS = ("failing", "recoveries", "raw_recoveries")
PROMISED_NONE = (
    *("duplicates", "losses", "half_transitions", "outlived_their_lease"),
    *("attempts_used", "needs_a_person"),
)


def main() -> int:
    options = _options()
    if options.outages:
        return _play_outage(options)
    if options.rounds:
        return _play_rounds(options)
    began = time.monotonic()
    totals = _play_here(options) if options.processes == 1 else _play_beside(options)
    totals["seconds"] = round(time.monotonic() - began, 1)
    _show(totals, as_json=options.json)
    is_good = not totals["failing"] and totals["recovery_p99_s"] <= TARGET_SECONDS
    return 0 if is_good else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--schedules", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1, help="the first one; the others follow it")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=0, help="rounds with real processes")
    parser.add_argument("--outages", action="store_true", help="of GitHub, or of the given database server")
    parser.add_argument("--database", default="", help="of a PostgreSQL server; a SQLite file without")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--verbose", action="store_true", help="tell what happens in each schedule")
    return parser.parse_args()


def _play_rounds(options: argparse.Namespace) -> int:
    with Installation(options.database) as here:
        from tests.faults.rounds import Rounds  # noqa: PLC0415 - models are loaded only now

        totals = {"database": "postgresql" if options.database else "sqlite"}
        totals |= Rounds(here, options.seed).play(options.rounds)
        is_good = not (totals["duplicates"] or totals["losses"] or totals["requests_within_limits"])
        if not is_good:
            here.keep()
    _show(totals, as_json=options.json)
    return 0 if is_good and totals["recovery_p99_s"] <= TARGET_SECONDS else 1


def _play_outage(options: argparse.Namespace) -> int:
    found = _play_database_outage(options.database) if options.database else _play_github_outage()
    for at, event in () if options.json else found.pop("table"):
        print(f"{at:7} s  {event}")
    _show(found, as_json=options.json)
    return 1 if any(found.get(name) for name in PROMISED_NONE) else 0


def _play_database_outage(database: str) -> dict[str, object]:
    with Installation(database, slots=10, agent=SLOW_AGENT) as here:
        from tests.faults.database_outage import Outage  # noqa: PLC0415 - models are loaded only now

        place = urlsplit(database)
        proxy = Proxy(place.hostname or "127.0.0.1", place.port or 5432)
        found = Outage(here, proxy).play()
        if found["duplicates"] or found["losses"]:
            here.keep()
        return found


def _play_github_outage() -> dict[str, object]:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    from tests.faults import command, outages  # noqa: PLC0415 - models are loaded only now

    with tempfile.TemporaryDirectory(prefix="faults-") as root, command.database(Path(root)):
        return outages.github(Path(root) / "world")


def _play_here(options: argparse.Namespace) -> dict[str, object]:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    from tests.faults import command  # noqa: PLC0415 - models are loaded only now

    place = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(prefix="faults-", dir=place) as root:
        return command.play_all(Path(root), options.seed, options.schedules, verbose=options.verbose)


def _play_beside(options: argparse.Namespace) -> dict[str, object]:
    """The seeds shared out among processes, each with a database of its own."""
    share, rest = divmod(options.schedules, options.processes)
    children, seed = [], options.seed
    for number in range(options.processes):
        count = share + (number < rest)
        line = [sys.executable, "-m", "tests.faults", f"--seed={seed}", f"--schedules={count}", "--json"]
        environment = os.environ | {"FAULTS_DATABASE": f"faults_{os.getpid()}_{number}"}
        children.append(subprocess.Popen(line, env=environment, stdout=subprocess.PIPE))
        seed += count
    answers = [json.loads(child.communicate()[0]) for child in children]
    totals = answers[0]
    for answer in answers[1:]:
        for name in ("schedules", "duplicates", "losses", "human_steps", "wrongs", "blows", "blows_fallen"):
            totals[name] += answer[name]
        for name in LISTS:
            totals[name] += answer[name]
    totals["recovery_p99_s"] = _p99(totals["recoveries"])
    totals["raw_recovery_p99_s"] = _p99(totals["raw_recoveries"])
    return totals


def _p99(values: list[float]) -> float:
    return sorted(values)[-(-99 * len(values) // 100) - 1] if values else 0.0


def _show(totals: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(totals))
        return
    for name, value in totals.items():
        if name not in LISTS[1:]:
            print(f"{name} {value}")


if __name__ == "__main__":
    sys.exit(main())
