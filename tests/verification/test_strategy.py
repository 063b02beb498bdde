"""Which checks are planned for which project and which files."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from projects.models import Project
from projects.validators import validate_custom_checks
from verification.smoke import LONGEST_COMMAND, parse_command
from verification.strategy import NO_TEST_COMMAND, NO_TEST_FILES, CheckType, names_any, plan, setup_check

TESTED = ["app.py", "tests/test_app.py"]


def planned(project, files=TESTED, changed=()):
    return [
        (check.check_type, check.command)
        for check in plan(project, files=files, changed_files=changed).checks
    ]


@pytest.mark.parametrize("name", [*CheckType.values, *CheckType.labels, "verification"])
def test_no_custom_check_can_be_taken_for_one_of_ours(name):
    with pytest.raises(ValidationError, match="built-in"):
        validate_custom_checks([{"name": name, "command": "true"}])


def test_all_configured_checks_run_in_their_order():
    project = Project(
        custom_checks=[{"name": "licences", "command": "make licences"}],
        **{
            f"{kind}_command": kind
            for kind in ("smoke", "build", "test", "type_check", "lint", "verification")
        },
    )
    result = plan(project, files=TESTED, changed_files=[])
    assert [(check.name, check.command) for check in result.checks] == [
        ("Lint", "lint"),
        ("Type check", "type_check"),
        ("Test", "test"),
        ("Build", "build"),
        ("Smoke", "smoke"),
        ("verification", "verification"),
        ("licences", "make licences"),
    ]
    assert result.manual_review == ""


def test_the_verification_command_stands_in_for_a_missing_test_command():
    project = Project(verification_command="npm test")
    result = plan(project, files=TESTED, changed_files=[])
    assert ("test", "npm test") in planned(project)
    assert result.manual_review == ""


def test_one_command_given_twice_runs_once():
    project = Project(verification_command="npm test", test_command=" npm test ")
    assert [command for _, command in planned(project)].count("npm test") == 1


def test_without_a_test_command_lint_build_and_smoke_remain_and_a_person_must_look():
    project = Project(lint_command="lint", build_command="build", smoke_command="smoke")
    assert planned(project) == [("lint", "lint"), ("build", "build"), ("smoke", "smoke")]
    assert plan(project, files=TESTED, changed_files=[]).manual_review == NO_TEST_COMMAND


def test_without_test_files_the_test_command_is_left_out_and_a_person_must_look():
    project = Project(build_command="build", test_command="pytest", smoke_command="smoke")
    assert planned(project, files=["app.py"]) == [("build", "build"), ("smoke", "smoke")]
    assert plan(project, files=["app.py"], changed_files=[]).manual_review == NO_TEST_FILES


@pytest.mark.parametrize("test_command", ["", "pytest", "make check"])
def test_the_verification_command_runs_even_where_no_file_looks_like_a_test(test_command):
    project = Project(verification_command="make check", test_command=test_command)
    result = plan(project, files=["app.c", "Makefile"], changed_files=[])
    assert [check.command for check in result.checks if check.command] == ["make check"]
    assert result.manual_review == NO_TEST_FILES


def test_a_test_command_that_is_a_file_of_the_repository_is_a_test():
    project = Project(test_command="sh ./tools/check.sh --all")
    result = plan(project, files=["app.c", "tools/check.sh"], changed_files=[])
    assert "sh ./tools/check.sh --all" in [check.command for check in result.checks]
    assert result.manual_review == ""


def test_a_command_with_an_open_quote_still_names_its_files():
    assert names_any("./check.sh 'open", ["check.sh"])
    assert not names_any("check 'open", ["check.sh"])


def test_without_a_smoke_command_the_changed_files_that_are_still_there_are_parsed():
    result = plan(Project(), files=["a b.py", "old.py"], changed_files=["a b.py", "gone.py", "logo.png"])
    (smoke,) = result.checks
    assert smoke.is_ours
    assert smoke.command.endswith(" 'a b.py'")


def test_with_nothing_to_parse_the_smoke_check_has_no_command():
    (smoke,) = plan(Project(), files=["logo.png"], changed_files=["logo.png"]).checks
    assert (smoke.check_type, smoke.command) == ("smoke", "")


@pytest.mark.parametrize(
    "path",
    [
        "tsconfig.base.json",
        ".vscode/settings.json",
        "tests/fixtures/bad.py",
        "{{cookiecutter.name}}/setup.py",
    ],
)
def test_files_that_need_not_parse_are_not_judged(path):
    assert parse_command([path]) == ""


def test_many_changed_files_make_no_line_that_the_system_refuses():
    line = parse_command([f"package/module_{number:06}.py" for number in range(50_000)])
    assert LONGEST_COMMAND // 2 < len(line) < 2 * LONGEST_COMMAND


def test_setup_is_no_check_and_may_be_missing():
    assert setup_check(Project(setup_command="  ")) is None
    setup = setup_check(Project(setup_command="npm ci"))
    assert (setup.check_type, setup.command) == ("setup", "npm ci")
    assert not any(kind == "setup" for kind, _ in planned(Project(setup_command="npm ci")))
