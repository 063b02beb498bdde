from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from automation.demo import origin, story
from automation.demo.github import StandIn

PROMPT = "Work on issue #{number}: {issue.title}\n\n{issue.body}\n"


@pytest.fixture
def checkout(tmp_path):
    """The files at the head of the demo's repository."""
    with StandIn({}, root=tmp_path / "github") as hub:
        repo = story.set_stage(hub)
        subprocess.run(["git", "clone", "-q", repo.path, tmp_path / "checkout"], check=True)
        assert [issue.title for issue in hub.issues(repo)] == [issue.title for issue in story.ISSUES]
    return tmp_path / "checkout"


def check(checkout, command=origin.TEST_COMMAND):
    argv = command.replace("python3", sys.executable).split()
    done = subprocess.run(argv, cwd=checkout, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def play(checkout, prompt):
    """Write what the first matching rule of the script writes, and run what it runs."""
    rules = json.loads(story.agent_script())["rules"]
    rule = next(rule for rule in rules if re.search(rule["match"], prompt))
    for step in rule["steps"]:
        for path, content in step.get("write", {}).items():
            (checkout / path).write_text(content)
        if command := step.get("run"):
            code, output = check(checkout, command)
            assert code == 0, output
    return rule


def test_the_history_is_the_same_every_time(checkout, tmp_path):
    log = subprocess.run(
        ["git", "log", "--format=%s", "main"], cwd=checkout, capture_output=True, text=True, check=True
    )
    assert log.stdout.splitlines() == [
        "Split bills between people",
        "Add mean and median",
        "Start the package",
    ]
    with StandIn({}, root=tmp_path / "again") as hub:
        sha = origin.fill(hub.create_repository("acme/calc").bare)
    head = subprocess.run(
        ["git", "rev-parse", "main"], cwd=checkout, capture_output=True, text=True, check=True
    )
    assert head.stdout.strip() == sha


def test_the_suite_is_green_with_three_known_failures(checkout):
    code, output = check(checkout)
    assert (code, "OK (expected failures=3)" in output) == (0, True)
    assert [check(checkout, command)[0] for command in (origin.LINT_COMMAND, origin.BUILD_COMMAND)] == [0, 0]


def test_the_known_failures_are_real(checkout):
    for name in ("averages", "bills"):
        path = checkout / "tests" / f"test_{name}.py"
        path.write_text(path.read_text().replace(story.MARKER, ""))
    code, output = check(checkout)
    assert (code, "FAILED (failures=3)" in output) == (1, True)


def test_the_median_is_fixed_at_once(checkout):
    play(checkout, PROMPT.format(number=1, issue=story.MEDIAN))
    code, output = check(checkout)
    assert (code, "OK (expected failures=2)" in output) == (0, True)


def test_the_bill_fails_first_and_passes_when_told_why(checkout):
    prompt = PROMPT.format(number=2, issue=story.BILL)
    first = play(checkout, prompt)
    code, output = check(checkout)
    assert code == 1
    assert "FAILED (failures=1, expected failures=1)" in output
    second = play(checkout, f"{prompt}\nAttempt 2. The checks said:\n{output}")
    assert second != first
    assert check(checkout)[0] == 0


def test_the_second_fix_of_the_bill_needs_nothing_of_the_first(checkout):
    play(checkout, PROMPT.format(number=2, issue=story.BILL) + "FAILED (failures=1)")
    assert check(checkout)[0] == 0


def test_the_third_issue_waits_for_people():
    assert "needs-discussion" in story.DECIMAL.labels
