from __future__ import annotations

import subprocess
import sys

import pytest

from automation.demo import origin, scripted_agent, story
from automation.demo.github import StandIn

PROMPT = "Work on issue #{number}: {issue.title}\n\n{issue.body}\n"


@pytest.fixture
def checkout(tmp_path):
    """The files at the head of the demo's repository."""
    with StandIn({}, root=tmp_path / "github") as hub:
        repo = story.set_stage(hub)
        subprocess.run(["git", "clone", "-q", repo.path, tmp_path / "checkout"], check=True)
        assert [issue.title for issue in hub.issues(repo)] == [issue.title for issue in story.ISSUES]
    git(tmp_path / "checkout", "config", "user.name", "Agent")
    git(tmp_path / "checkout", "config", "user.email", "agent@example.com")
    return tmp_path / "checkout"


def git(checkout, *args):
    done = subprocess.run(["git", *args], cwd=checkout, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def check(checkout, command=origin.TEST_COMMAND):
    argv = command.replace("python3", sys.executable).split()
    done = subprocess.run(argv, cwd=checkout, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def play(checkout, prompt):
    """Let the scripted agent work in the checkout; the subjects of the commits it made."""
    (checkout.parent / "script.json").write_text(story.agent_script())
    argv = [sys.executable, scripted_agent.__file__, str(checkout.parent / "script.json")]
    before = git(checkout, "rev-parse", "HEAD")
    done = subprocess.run(argv, cwd=checkout, input=prompt, capture_output=True, text=True, check=True)
    assert '"is_error": true' not in done.stdout
    assert git(checkout, "status", "--porcelain") == ""
    return git(checkout, "log", "--format=%s", f"{before}..HEAD").splitlines()


def test_the_history_is_the_same_every_time(checkout, tmp_path):
    assert git(checkout, "log", "--format=%cs %s", "main").splitlines() == [
        "2026-01-03 Split bills between people",
        "2026-01-02 Add mean and median",
        "2026-01-01 Start the package",
    ]
    with StandIn({}, root=tmp_path / "again") as hub:
        sha = origin.fill(hub.create_repository("acme/calc").bare)
    assert git(checkout, "rev-parse", "main") == sha


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
    subjects = play(checkout, PROMPT.format(number=1, issue=story.MEDIAN))
    assert subjects == ["Return the mean of the two middle values"]
    code, output = check(checkout)
    assert (code, "OK (expected failures=2)" in output) == (0, True)


def test_the_bill_fails_first_and_passes_when_told_why(checkout):
    prompt = PROMPT.format(number=2, issue=story.BILL)
    first = play(checkout, prompt)
    code, output = check(checkout)
    assert code == 1
    assert "FAILED (failures=1, expected failures=1)" in output
    second = play(checkout, f"{prompt}\nAttempt 2. The checks said:\n{output}")
    assert (first, second) == (
        ["Keep the cents that do not divide evenly"],
        ["Hand out the remaining cents one by one"],
    )
    assert check(checkout)[0] == 0


def test_the_second_fix_of_the_bill_needs_nothing_of_the_first(checkout):
    play(checkout, PROMPT.format(number=2, issue=story.BILL) + "FAILED (failures=1)")
    assert check(checkout)[0] == 0


def test_the_third_issue_waits_for_people():
    assert "needs-discussion" in story.DECIMAL.labels
