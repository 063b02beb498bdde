from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time

import pytest

from projects.errors import OperatorError
from projects.workspace import trees
from projects.workspace.processes import ProcessIdentity, Stop, identify, is_alive, kill_tree, run
from tests.projects.workspace.conftest import ENV, living


def sh(line, **options):
    return run(["sh", "-c", line], env=ENV, **({"timeout": 20} | options))


def test_a_program_gets_its_input_and_gives_its_output_and_code():
    done = sh("cat; echo problem >&2; exit 3", stdin=b"x" * 1_000_000)
    assert (done.returncode, len(done.stdout), done.stderr) == (3, 1_000_000, b"problem\n")
    assert (done.timed_out, done.stopped, done.truncated) == (False, False, False)


def test_a_program_that_ignores_its_input_is_no_error():
    assert sh("exit 0", stdin=b"x" * 1_000_000).returncode == 0


def test_the_environment_is_exactly_what_was_given(monkeypatch):
    monkeypatch.setenv("SECRET_OF_THE_WORKER", "canary")
    program = "import json, os; print(json.dumps(dict(os.environ)))"
    done = run([sys.executable, "-I", "-c", program], env={"ONLY": "this", "LC_ALL": "C.UTF-8"}, timeout=20)
    assert json.loads(done.stdout) == {"ONLY": "this", "LC_ALL": "C.UTF-8"}


def test_a_missing_working_directory_is_named_with_a_remedy(tmp_path):
    (tmp_path / "file").touch()
    for place in (tmp_path / "gone", tmp_path / "file"):
        with pytest.raises(OperatorError) as caught:
            run(["true"], env=ENV, cwd=place, timeout=5)
        assert caught.value.code == "process.missing_folder"
        assert str(place) in caught.value.message
        assert caught.value.remedy


def test_a_missing_program_is_named_with_a_remedy(tmp_path):
    for argv in (["no-such-program"], [str(tmp_path / "nothing")], ["./nothing"]):
        with pytest.raises(OperatorError) as caught:
            run(argv, env=ENV, cwd=tmp_path, timeout=5)
        assert caught.value.code == "process.missing_program"
        assert argv[0] in caught.value.message
        assert caught.value.remedy


def test_past_the_limit_head_and_tail_of_the_output_stay():
    done = sh("echo first; head -c 3000000 /dev/zero | tr '\\0' x; echo last", max_output_bytes=10_000)
    assert done.truncated
    assert done.stdout.startswith(b"first\nxxx")
    assert done.stdout.endswith(b"xxxlast\n")
    assert len(done.stdout) < 10_100


def test_a_program_past_its_time_is_ended_with_its_children(marker):
    began = time.monotonic()
    done = sh(f"sh -c 'sleep {marker}; :' & sleep {marker}; :", timeout=0.5)
    assert done.timed_out
    assert time.monotonic() - began < 4
    assert living(marker) == []


def test_a_program_that_ignores_sigterm_is_killed(marker):
    done = sh(f"trap '' TERM; while :; do sleep 0.1; done; : {marker}", timeout=0.5)
    assert done.timed_out
    assert done.returncode == -signal.SIGKILL
    assert living(marker) == []


def test_a_program_may_save_its_work_when_it_is_asked_to_end():
    done = sh("trap 'echo saved; exit 7' TERM; echo begun; while :; do sleep 0.1; done", timeout=0.5)
    assert (done.stdout, done.returncode, done.timed_out) == (b"begun\nsaved\n", 7, True)


def test_a_stop_from_another_thread_ends_the_program(marker):
    stop = Stop()
    threading.Timer(0.3, stop.request, ["a person asked"]).start()
    began = time.monotonic()
    done = sh(f"sleep {marker}; :", stop=stop)
    assert done.stopped
    assert not done.timed_out
    assert stop.reason == "a person asked"
    assert time.monotonic() - began < 4
    assert living(marker) == []


def test_the_first_reason_to_stop_stays_and_waiting_for_it_ends_early():
    stop = Stop()
    assert not stop.wait(0.01)
    stop.request("first")
    stop.request("second")
    assert stop.wait(60)
    assert stop.reason == "first"


def test_a_pipe_that_a_daemon_inherited_does_not_hang_the_wait(marker):
    daemon = (
        "import os, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        "        time.sleep(30)\n"
        f"    os._exit(0)  # {marker}\n"
        "os.wait(); print('left')\n"
    )
    began = time.monotonic()
    done = run([sys.executable, "-c", daemon], env=ENV, timeout=20)
    assert (done.returncode, done.stdout) == (0, b"left\n")
    assert time.monotonic() - began < 5
    for escaped in living(marker):  # nothing walled it in
        os.kill(escaped, signal.SIGKILL)


def test_background_children_are_killed_when_the_program_exits(marker):
    done = sh(f"sh -c 'sleep {marker}; :' & echo done")
    assert done.stdout == b"done\n"
    assert living(marker) == []


def test_a_process_is_alive_only_under_its_own_start_time_and_host():
    me = identify(os.getpid())
    assert is_alive(me)
    assert not is_alive(ProcessIdentity(me.host, me.pid, me.started + "1"))
    assert not is_alive(ProcessIdentity("elsewhere", me.pid, me.started))
    assert not is_alive(ProcessIdentity(me.host, 2**22 - 3, me.started))


def test_killing_a_tree_spares_a_process_that_reused_the_number():
    me = identify(os.getpid())
    assert kill_tree(ProcessIdentity(me.host, me.pid, me.started + "1"), timeout=1)


def test_a_process_that_is_reaped_while_it_is_looked_at_counts_as_gone(monkeypatch):
    identity, opened = identify(os.getpid()), os.open

    def reaped(path, *arguments, **options):
        if str(path).endswith("/stat"):
            raise ProcessLookupError(
                path
            )  # as the kernel says between the end of a process and that of its folder
        return opened(path, *arguments, **options)

    monkeypatch.setattr(os, "open", reaped)
    assert not is_alive(identity)
    assert trees.members(os.getpid()) == set()
