"""export_metrics: what it writes is what the Analytics page counts, in bounded memory and a fixed number of queries."""

from __future__ import annotations

import csv
import io
import json
import random
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.utils import timezone

from automation import exporting
from automation.figures import days_ago
from automation.measures import By, measure
from projects.models import Project
from tests.automation.commands.calling import run_command
from tests.automation.test_measures_random import SINCE, fill
from tests.factories import create_attempt, create_project, create_session

pytestmark = pytest.mark.django_db
SUMS = {
    "issues_ended": "ended",
    "issues_fixed": "fixed",
    "issues_fixed_at_first_attempt": "first_try",
    "pull_requests_opened": "pull_requests",
    "pull_requests_decided": "decided",
    "pull_requests_merged_unchanged": "merged_unchanged",
    "attempts_checked": "checked",
    "attempts_without_price": "unpriced",
}


def lines(*arguments):
    ran = run_command("export_metrics", *arguments)
    assert (ran.code, ran.err) == (0, "")
    return [json.loads(line) for line in ran.out.splitlines()]


@pytest.mark.services
def test_the_rows_add_up_to_what_the_analytics_page_counts():
    projects = [create_project() for _ in range(3)]
    fill(random.Random(7), [*projects, create_project(archived_at=timezone.now())])
    found = lines("--since", f"{SINCE:%Y-%m-%d}")
    keys = [(row["project_id"], row["day"]) for row in found]
    assert keys == sorted(set(keys))
    assert {row["project"] for row in found} == {project.github_repo for project in projects}
    for pk, counted in measure(Project.objects.active(), SINCE, By.PROJECT).items():
        mine = [row for row in found if row["project_id"] == pk]
        for column, name in SUMS.items():
            assert sum(row[column] for row in mine) == getattr(counted, name), column
        assert sum(row["attempts_passed"] for row in mine) == counted.checked - counted.rejected
        costs = [Decimal(str(row["cost_usd"])) for row in mine if row["cost_usd"] is not None]
        assert sum(costs) == counted.cost
    assert sum(row["issues_ended"] for row in found) > 5


@pytest.mark.services
def test_the_times_of_a_day_are_in_minutes_and_those_of_that_day_alone():
    project = create_project()
    fill(random.Random(3), [project])
    for row in lines("--since", f"{SINCE:%Y-%m-%d}"):
        times = [
            (effect.done_at - (effect.issue_session.issue_created_at or effect.issue_session.created_at))
            for session in project.sessions.all()
            for effect in session.effects.filter(kind="pull_request", done_at__date=row["day"])
        ]
        minutes = sorted(time.total_seconds() / 60 for time in times)
        assert row["pull_requests_opened"] == len(minutes)
        assert row["minutes_to_fix_average"] == (
            pytest.approx(sum(minutes) / len(minutes), abs=0.01) if minutes else None
        )


def test_csv_has_the_same_values_under_the_same_names():
    fill(random.Random(5), [create_project(), create_project()])
    since = ("--since", f"{SINCE:%Y-%m-%d}")
    ran = run_command("export_metrics", "--format", "csv", *since)
    rows = list(csv.DictReader(io.StringIO(ran.out)))
    expected = lines(*since)
    assert list(rows[0]) == list(exporting.COLUMNS)
    assert len(rows) == len(expected)
    for row, other in zip(rows, expected, strict=True):
        for name in exporting.COLUMNS:
            assert row[name] == ("" if other[name] is None else row[name])
            if name not in ("project", "day") and row[name]:
                assert float(row[name]) == other[name]


def test_without_a_period_it_is_the_pages_thirty_days_and_a_project_narrows_it():
    project, other = create_project(), create_project()
    for when in (days_ago(30), days_ago(30) - timedelta(seconds=1)):
        create_session(project=project, status="failed", completed_at=when)
        create_session(project=other, status="failed", completed_at=when)
    assert [row["issues_ended"] for row in lines()] == [1, 1]
    (row,) = lines("--project", project.github_repo, "--days", "31")[1:]
    assert (row["project_id"], row["day"]) == (project.pk, f"{days_ago(30):%Y-%m-%d}")


def test_queries_do_not_grow_with_projects_and_days(django_assert_num_queries):
    create_attempt()
    with django_assert_num_queries(6):
        run_command("export_metrics")
    fill(random.Random(1), [create_project() for _ in range(12)])
    with django_assert_num_queries(6):
        run_command("export_metrics", "--days", "3650")


def test_rows_are_written_before_the_last_one_is_counted(monkeypatch):
    taken, read = [], exporting.read_in_order

    def watched(*arguments):
        for row in read(*arguments):
            taken.append(row[:2])
            yield row

    monkeypatch.setattr(exporting, "read_in_order", watched)
    fill(random.Random(2), [create_project() for _ in range(4)])
    rows = exporting.rows(Project.objects.all(), SINCE)
    first = next(rows)
    assert first["project"]
    assert max(Counter(taken).values()) < 60
    assert len(set(taken)) == 2  # the row's own day, and the one that told where it ends
    rows.close()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--days", "0"), "not a number of days between 1 and 3650"),
        (("--days", "9" * 40), "not a number of days"),
        (("--since", "yesterday"), "'yesterday' is not a day such as 2026-01-31"),
        (("--since", "2999-01-01"), "2999-01-01 has not come yet"),
        (("--format", "xml"), "invalid choice: 'xml'"),
        (("--since", "2026-01-01", "--days", "3"), "not allowed with"),
        (("--project", "nobody/knows"), "There is no project 'nobody/knows'."),
    ],
)
def test_a_wrong_period_format_or_project_is_a_sentence(arguments, said):
    ran = run_command("export_metrics", *arguments)
    assert ran.code != 0
    assert said in ran.err
    assert ran.out == ""


def test_a_reader_that_has_seen_enough_is_no_error(tmp_path):
    env = {"SECRET_KEY": "x" * 50, "DEBUG": "true", "DATABASE_URL": f"sqlite:///{tmp_path}/x.sqlite3"}
    script = (
        "import sys, django; django.setup();"
        "from automation import exporting; from automation.management.commands.export_metrics import Command;"
        "exporting.rows = lambda *a: ({'cost_usd': None, 'n': 'x' * 1000} for _ in range(1000));"
        "Command().run_from_argv(['manage.py', 'export_metrics', '--skip-checks'])"
    )
    line = f'{sys.executable} -c "{script}" | head -n 1'
    env |= {"DJANGO_SETTINGS_MODULE": "config.settings", "PATH": "/usr/bin:/bin"}
    ran = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line],
        cwd=settings.BASE_DIR,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr, ran.stdout.count("\n")) == (0, "", 1)
