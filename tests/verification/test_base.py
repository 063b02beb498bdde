"""A check that failed is run on the base commit as well: what fails there, too, is not this change's doing alone."""

from __future__ import annotations

import pytest

from tests.factories import create_attempt
from tests.verification.conftest import BRANCH, commit, leftovers, prepared, stored, verify
from verification import verify as module
from verification.strategy import most_runs

pytestmark = pytest.mark.django_db


def test_a_failed_check_is_told_apart_by_how_it_ends_on_the_base(mirror):
    session, lease = prepared(
        mirror,
        lint_command="echo bad style; false",
        type_check_command="true",
        test_command="python3 -c 'import app; assert app.x == 1'",
    )
    head = commit(mirror, {"app.py": "x = 2\n"}, branch=BRANCH)
    report = verify(session, mirror, head, lease=lease)
    assert stored(session, "check_type", "passed", "baseline") == [
        ("lint", False, "failed"),
        ("type_check", True, ""),
        ("test", False, "passed"),
        ("smoke", True, ""),
    ]
    lint, test = report.failure_text().split("\n\n")[0], report.failure_text().split("\n\n")[1]
    assert lint.startswith("Lint failed (exit status 1), as it does on the base commit\n")
    assert test.startswith("Test failed (exit status 1)\n")
    assert leftovers() == []


def test_the_base_is_asked_once_in_a_round(mirror, monkeypatch):
    ran = []
    run_check = module.run_check
    monkeypatch.setattr(
        module, "run_check", lambda check, **values: ran.append(check) or run_check(check, **values)
    )
    session, lease = prepared(mirror, lint_command="false")
    head = commit(mirror, {"app.py": "x = 2\n"}, branch=BRANCH)
    for number, runs in ((1, 2), (1, 3), (2, 5)):
        session.round = number
        create_attempt(session)
        verify(session, mirror, head, lease=lease)
        assert [check.name for check in ran].count("Lint") == runs
    assert stored(session, "name", "baseline") == [("Lint", "failed"), ("Smoke", "")] * 3


def test_a_base_whose_setup_fails_says_nothing(mirror):
    session, lease = prepared(mirror, setup_command="test -e made", lint_command="false")
    head = commit(mirror, {"made": "here\n"}, branch=BRANCH)
    verify(session, mirror, head, lease=lease)
    assert stored(session, "check_type", "passed", "baseline")[:2] == [
        ("setup", True, ""),
        ("lint", False, ""),
    ]


def test_no_verification_runs_more_commands_than_its_time_is_reckoned_for(mirror, monkeypatch):
    ran = []
    run_check = module.run_check
    monkeypatch.setattr(
        module, "run_check", lambda check, **values: ran.append(check.name) or run_check(check, **values)
    )
    session, lease = prepared(
        mirror,
        setup_command="true",
        lint_command="echo lint; false",
        type_check_command="echo types; false",
        test_command="python3 -m tests.test_app",
        build_command="echo build; false",
        smoke_command="echo smoke; false",
        verification_command="echo verification; false",
        custom_checks=[{"name": name, "command": f"echo {name}; false"} for name in ("links", "size")],
    )
    head = commit(mirror, {"app.py": "x = 2\n"}, branch=BRANCH)
    verify(session, mirror, head, lease=lease)
    assert {name: ran.count(name) for name in ran} == dict.fromkeys(
        ["Setup", "Lint", "Type check", "Test", "Build", "Smoke", "verification", "links", "size"], 2
    )
    assert len(ran) == most_runs(session.project)
