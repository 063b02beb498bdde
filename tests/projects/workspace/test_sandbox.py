from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from projects.errors import OperatorError
from projects.workspace.processes import Stop, run
from projects.workspace.sandbox import AGENT_HOME, INSIDE, Bind, Sandbox, base_env, detect
from tests.projects.workspace.conftest import living, wait_until
from tests.sandboxes import require_sandbox

# A tree as an agent's tools leave it: a child, a child in its own session, a daemon that broke away twice.
ORPHANS = "sleep {0} & setsid sleep {0} & (setsid sh -c 'setsid sleep {0} &' &) "


@pytest.fixture
def home(tmp_path):
    (tmp_path / "home").mkdir()
    return Bind(tmp_path / "home", AGENT_HOME, writable=True)


@pytest.fixture
def repository(tmp_path):
    (tmp_path / "repository" / "src").mkdir(parents=True)
    return Bind(tmp_path / "repository", INSIDE, writable=True)


def test_nothing_outlives_a_program_that_exits(sandboxed, marker):
    done = sandboxed(ORPHANS.format(marker) + "; sleep 0.2; echo done")
    assert done.stdout == b"done\n"
    assert living(marker) == []


def test_nothing_outlives_a_program_past_its_time(sandboxed, marker):
    done = sandboxed(ORPHANS.format(marker) + f"; trap '' TERM; sleep {marker}; sleep {marker}", timeout=0.5)
    assert done.timed_out
    assert living(marker) == []


def test_nothing_outlives_a_stop(sandboxed, marker):
    stop = Stop()
    threading.Timer(0.5, stop.request, ["stop"]).start()
    assert sandboxed(ORPHANS.format(marker) + f"; sleep {marker}", stop=stop).stopped
    assert living(marker) == []


def test_a_program_inside_may_save_its_work_when_it_is_asked_to_end(sandboxed):
    done = sandboxed("trap 'echo saved; exit 0' TERM; while :; do sleep 0.1; done", timeout=0.5)
    assert done.stdout == b"saved\n"


WORKER = """
import json, sys
from pathlib import Path
from projects.workspace.streams import Limits, stream
argv, env = json.loads(sys.argv[1])
ignore = lambda lines: None
stream(argv, env=env, cwd=None, stdin=b"", on_lines=ignore, on_stderr=ignore, stop=None,
       limits=Limits(100, 100, 10**6, 1000))
"""


def test_nothing_outlives_a_killed_worker(sandbox, marker):
    line = ["sh", "-c", ORPHANS.format(marker) + f"; trap '' TERM; sleep {marker}; :"]
    wrapped = sandbox.wrap(line, binds=[], chdir=Path("/"), env={})
    worker = subprocess.Popen([sys.executable, "-c", WORKER, json.dumps([wrapped.argv, wrapped.env])])
    wait_until(lambda: len(living(marker)) >= 7)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    wait_until(lambda: living(marker) == [])


def test_the_environment_inside_is_the_base_and_what_was_given(sandbox, sandboxed, home, monkeypatch):
    monkeypatch.setenv("DJANGO_SECRET", "canary")
    done = sandboxed("exec env", binds=[home], env={"ONLY": "this", "PATH": "/evil", "HOME": "/evil"})
    inside = dict(line.split("=", 1) for line in done.stdout.decode().splitlines())
    inside.pop("PWD", None)  # the shell's own
    assert inside == base_env() | {
        "ONLY": "this",
        "PATH": sandbox.path,
        "HOME": str(sandbox.path_inside(home)),
    }


def test_no_process_outside_is_seen_and_root_has_no_powers(sandboxed):
    done = sandboxed("grep CapEff /proc/self/status; cat /proc/*/cmdline | tr '\\0' ' '")
    assert b"CapEff:\t0000000000000000" in done.stdout
    assert b"pytest" not in done.stdout


def test_without_network_loopback_of_the_host_is_out_of_reach(sandboxed):
    look = "cat /proc/net/dev | grep -c :"
    assert sandboxed(look, network=False).stdout == b"1\n"


def test_work_happens_in_the_bound_folder(sandboxed, home, repository):
    sandboxed("pwd; touch here", binds=[home, repository], chdir=INSIDE / "src")
    assert (repository.host / "src" / "here").is_file()


def test_the_tools_are_on_the_path_and_run(sandbox, sandboxed):
    assert sandbox.find("no-such-tool") is None
    for program in ("git", "python3"):
        assert sandbox.find(program)
        assert sandboxed(f"{program} --version").returncode == 0


def test_a_folder_of_tools_is_offered_read_only(tmp_path, sandboxed, settings):
    (tmp_path / ".bin").mkdir()
    (tmp_path / ".bin" / "tool").write_text("#!/bin/sh\ntouch $(dirname $0)/trace && echo worked\n")
    (tmp_path / ".bin" / "tool").chmod(0o755)
    settings.AUTOWRKERS_TOOL_PATHS = (tmp_path,)
    sandbox = require_sandbox("bubblewrap")
    assert sandbox.find("tool") == str(tmp_path / ".bin" / "tool")
    wrapped = sandbox.wrap(["tool"], binds=[], chdir=Path("/"), env={})
    done = subprocess.run(wrapped.argv, env=wrapped.env, capture_output=True, check=False)
    assert b"Read-only file system" in done.stderr


def test_a_single_program_may_be_offered_without_what_lies_beside_it(tmp_path):
    require_sandbox("bubblewrap")
    for name in ("tool", "secret"):
        (tmp_path / name).write_text("#!/bin/sh\nls $(dirname $0)\n")
        (tmp_path / name).chmod(0o755)
    wrapped = Sandbox("bubblewrap", (tmp_path / "tool",)).wrap(["tool"], binds=[], chdir=Path("/"), env={})
    assert run(wrapped.argv, env=wrapped.env, timeout=10).stdout == b"tool\n"


def look_around(line, *binds):
    wrapped = require_sandbox("bubblewrap").wrap(["sh", "-c", line], binds=binds, chdir=Path("/"), env={})
    return subprocess.run(wrapped.argv, env=wrapped.env, capture_output=True, text=True, check=False)


def test_bubblewrap_shows_nothing_of_the_host_but_the_system(tmp_path, home):
    (tmp_path / "secret").write_text("canary")
    done = look_around(f"ls -A /home /home/agent /tmp /run /root; cat {tmp_path}/secret /etc/shadow", home)
    assert "canary" not in done.stdout
    assert done.stderr.count("No such file") == 2
    roots = look_around("ls /").stdout.split()
    assert not {"boot", "mnt", "opt", "srv", "sys"} & set(roots)


def test_bubblewrap_lets_only_writable_binds_be_written(tmp_path, home):
    (tmp_path / "given").mkdir()
    done = look_around(
        "touch /x /usr/x /given/x; touch /home/agent/x /tmp/x",
        home,
        Bind(tmp_path / "given", Path("/given"), writable=False),
    )
    assert done.stderr.count("Read-only file system") == 3
    assert [path.name for path in home.host.iterdir()] == ["x"]
    assert list((tmp_path / "given").iterdir()) == []


def test_auto_takes_walls_and_none_is_only_taken_by_name(monkeypatch):
    require_sandbox("bubblewrap")
    assert detect("auto").mode == "bubblewrap"
    assert detect("none").mode == "none"
    monkeypatch.setenv("PATH", "/nonexistent")
    for setting in ("auto", "bubblewrap", "namespace", "chroot"):
        with pytest.raises(OperatorError) as caught:
            detect(setting)
        assert caught.value.code == "sandbox.unavailable"


def test_where_bubblewrap_is_missing_auto_takes_the_namespace_and_says_so_once(monkeypatch, tmp_path, caplog):
    for program in ("unshare", "setpriv"):
        (tmp_path / program).symlink_to(f"/usr/bin/{program}")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert [detect("auto").mode for _ in range(2)] == ["namespace", "namespace"]
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_without_walls_paths_stay_those_of_the_host(home, repository):
    wrapped = Sandbox("none").wrap(["tool"], binds=[home, repository], chdir=INSIDE / "src", env={})
    assert wrapped.argv == ["tool"]
    assert wrapped.cwd == repository.host / "src"
    assert wrapped.env["HOME"] == str(home.host)


def test_what_is_private_in_bubblewrap_takes_no_more_memory_than_its_size():
    sandbox = require_sandbox("bubblewrap")
    wrapped = sandbox.wrap(["df", "--output=size", "-B1", "/tmp"], binds=[], chdir=Path("/"), env={})  # noqa: S108
    assert run(wrapped.argv, env=wrapped.env, timeout=10).stdout.split()[1] == b"2147483648"


def test_nothing_inside_dumps_its_memory(sandboxed):
    assert sandboxed("ulimit -H -c").stdout == b"0\n"


def test_for_who_is_not_root_the_kernel_itself_refuses_more_processes(sandbox, settings, monkeypatch):
    settings.AUTOWRKERS_AGENT_PROCESSES = 20
    somebody = []
    if os.getuid() == 0:
        somebody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--"]
        monkeypatch.setattr(os, "getuid", lambda: 65534)
        monkeypatch.setattr(os, "getgid", lambda: 65534)
    for count, starts in ((40, False), (10, True)):
        line = f"for i in $(seq {count}); do sleep 2 & done; echo all"
        wrapped = Sandbox(sandbox.mode).wrap(["sh", "-c", line], binds=[], chdir=Path("/"), env={})
        ended = run([*somebody, *wrapped.argv], env=wrapped.env, cwd=Path("/"), timeout=20)
        assert (ended.stdout == b"all\n") is starts, ended.stderr
        assert (b"fork" in ended.stderr) is not starts
