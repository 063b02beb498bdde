"""Checks as real processes in the real sandbox."""

from __future__ import annotations

import threading
import time

import pytest

from projects.errors import Cancelled
from projects.workspace.processes import Stop
from projects.workspace.sandbox import AGENT_HOME, INSIDE, Bind, detect
from tests.sandboxes import require_sandbox
from verification.report import MISSING_TOOL, SANDBOX
from verification.runner import run_check
from verification.smoke import parse_command
from verification.strategy import PlannedCheck


@pytest.fixture
def check(tmp_path):
    """Runs a shell line as a check in an empty repository; its folders are `check.tree` and `check.home`."""
    tree, home = tmp_path / "tree", tmp_path / "home"
    tree.mkdir()
    home.mkdir()
    binds = [Bind(tree, INSIDE, True), Bind(home, AGENT_HOME, True)]
    sandbox = detect("auto")

    def run(command, *, limit=20.0, stop=None, is_ours=False, binds=binds):
        planned = PlannedCheck("test", "Test", command, is_ours)
        return run_check(planned, binds=binds, sandbox=sandbox, time_limit_seconds=limit, stop=stop)

    run.tree, run.home = tree, home
    return run


def test_a_check_passes_when_its_command_exits_with_zero(check):
    require_sandbox("bubblewrap")
    run = check("pwd; echo $CI; echo done > result")
    assert (run.passed, run.exit_status, run.fault) == (True, 0, "")
    assert run.output.split() == [str(INSIDE), "true"]
    assert (check.tree / "result").read_text() == "done\n"


def test_a_failed_check_keeps_what_it_printed_in_order(check):
    run = check("echo one; echo two >&2; echo three; exit 3")
    assert (run.passed, run.exit_status, run.fault) == (False, 3, "")
    assert run.output == "one\ntwo\nthree\n"


@pytest.mark.parametrize("command", ["no-such-tool --version", "touch tool; ./tool", "sh -c no-such-tool"])
def test_a_missing_tool_is_the_fault_of_the_environment(check, command):
    run = check(command)
    assert (run.passed, run.fault) == (False, MISSING_TOOL)
    assert run.exit_status in {126, 127}


def test_a_missing_tool_of_our_own_check_leaves_it_unchecked(check):
    run = check("no-such-parser", is_ours=True)
    assert (run.passed, run.fault) == (None, "")


def test_without_a_command_nothing_is_checked_and_nothing_is_claimed(check):
    run = check("")
    assert run.passed is None
    assert "Not checked" in run.output


def test_a_check_over_its_time_limit_has_failed_and_says_so(check):
    began = time.monotonic()
    run = check("echo begun; sleep 60", limit=1.0)
    assert time.monotonic() - began < 10
    assert (run.passed, run.exit_status, run.fault) == (False, None, "")
    assert run.output.startswith("begun\n")
    assert run.output.endswith("[Ended after its time limit of 1 s.]")


def test_a_check_that_a_signal_ended_is_explained(check):
    run = check("kill -KILL $$")
    assert (run.passed, run.exit_status, run.fault) == (False, 137, "")
    assert "SIGKILL" in run.output
    assert "memory" in run.output


def test_a_sandbox_that_does_not_start_is_no_verdict_on_the_commit(check):
    require_sandbox("bubblewrap")
    run = check("true", binds=[Bind(check.tree / "gone", INSIDE, True)])
    assert (run.passed, run.fault) == (False, SANDBOX)
    assert "gone" in run.output


def test_a_check_sees_no_secret_of_ours(check, monkeypatch):
    names = ("SECRET_KEY", "DATABASE_URL", "GITHUB_TOKEN", "FERNET_KEYS", "ANTHROPIC_API_KEY")
    for name in names:
        monkeypatch.setenv(name, "canary-in-the-environment")
    run = check("env; cat /proc/*/environ 2>/dev/null | tr '\\0' '\\n'; echo seen")
    assert "CI=true" in run.output
    assert "seen" in run.output
    assert "canary" not in run.output
    assert not any(name in run.output for name in names)


def test_a_flood_keeps_its_head_and_its_tail(check):
    run = check("echo first; yes flood | head -c 20000000; echo last; exit 1")
    assert run.output.startswith("first\n")
    assert run.output.endswith("last\n")
    assert len(run.output) <= 201_000


def test_nothing_of_a_check_outlives_it(check):
    line = "(setsid sh -c 'while :; do date +%s%N > beat; sleep 0.05; done' >/dev/null 2>&1 &) ; sleep 0.3"
    assert check(line).passed
    beat = check.tree / "beat"
    last = beat.read_text()
    time.sleep(0.4)
    assert beat.read_text() == last


def test_a_daemon_that_holds_the_output_does_not_hold_up_the_check(check):
    began = time.monotonic()
    run = check("(setsid sleep 60 &); echo over")
    assert run.output == "over\n"
    assert time.monotonic() - began < 10


def test_a_stop_ends_the_check_at_once(check):
    stop = Stop()
    threading.Timer(0.5, stop.request, ["lease lost"]).start()
    began = time.monotonic()
    with pytest.raises(Cancelled, match="lease lost"):
        check("sleep 60", stop=stop)
    assert time.monotonic() - began < 10


def test_an_operators_line_with_quotes_and_variables_arrives_as_it_is(check):
    run = check("""name='a "b" $c'; printf '%s|' "$name" $((1 + 1)) "$0" "$#" """)
    assert run.output == 'a "b" $c|2|/bin/sh|0|'


def test_the_smoke_check_fails_on_changed_files_that_do_not_parse(check):
    (check.tree / "good.py").write_text("x = 1\n")
    (check.tree / "it's bad.py").write_text("def broken(:\n")
    (check.tree / "bad.json").write_text("{")
    run = check(parse_command(["good.py", "it's bad.py", "bad.json", "-v.py"]), is_ours=True)
    assert (run.passed, run.exit_status) == (False, 1)
    assert "it's bad.py: SyntaxError" in run.output
    assert "bad.json: JSONDecodeError" in run.output
    assert "good.py:" not in run.output


def test_the_smoke_check_passes_on_files_that_parse_and_leaves_nothing_behind(check):
    (check.tree / "good.py").write_text("raise SystemExit(7)\n")
    (check.tree / "data.json").write_bytes(b"\xef\xbb\xbf{}")
    (check.tree / "link.py").symlink_to("nowhere.py")
    assert check(parse_command(["good.py", "data.json", "link.py"]), is_ours=True).passed
    assert sorted(path.name for path in check.tree.iterdir()) == ["data.json", "good.py", "link.py"]


def test_a_check_that_kills_its_whole_group_fails_alone(check):
    assert check("kill -KILL 0").exit_status != 0
    assert check("kill -KILL -1").exit_status != 0
    assert check("true").passed
