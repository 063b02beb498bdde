"""Several programs as one: the end of one, the wish to end, the end of their keeper; nothing is left over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from automation import pulse
from automation.supervisor import Ended, Part, Restarts, listen, supervise
from projects.errors import OperatorError

ROOT = Path(__file__).resolve().parents[3]
SLEEPER = "import time; print('up', flush=True); time.sleep(600)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEPER
# Like django-q2: a child of its own, which a kill of the parent alone would leave running.
FAMILY = f"""
import os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {STUBBORN!r}])
print("child", child.pid, flush=True)
child.wait()
"""


QUICKLY = Restarts(times=2, wait=0.05)


def python(name, code):
    return Part(name, (sys.executable, "-c", code))


def is_alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


def gone(pids, seconds=5.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not any(is_alive(pid) for pid in pids):
            return True
        time.sleep(0.05)
    return False


class Listener:
    """Keeps what was said, and asks for the end once all parts have said something."""

    def __init__(self, wanted=0):
        self.lines = []
        self.stop = threading.Event()
        self.wanted = wanted

    def say(self, line):
        self.lines.append(line)
        if len(self.lines) == self.wanted:
            self.stop.set()

    def pid_of_child(self):
        return next(int(line.split()[-1]) for line in self.lines if "child" in line)


def run(parts, listener, patience=10.0, restarts=QUICKLY):
    return supervise(
        parts,
        env=dict(os.environ),
        cwd=ROOT,
        stop=listener.stop,
        say=listener.say,
        patience=patience,
        restarts=restarts,
    )


def test_when_one_ends_again_and_again_all_end_and_it_is_named():
    listener = Listener()
    ended = run([python("long", FAMILY), python("short", "import sys; sys.exit(3)")], listener, patience=2.0)
    assert ended == Ended("short", 3)
    assert [line for line in listener.lines if "code" in line] == [
        f"short ended with code 3; it is started again in {wait} s." for wait in (0, 0)
    ]
    assert gone([listener.pid_of_child()])


def test_what_ends_is_started_again_alone_and_later_each_time():
    listener = Listener(wanted=6)
    began = time.monotonic()
    parts = [python("long", SLEEPER), python("short", "print('up')")]
    assert run(parts, listener, restarts=Restarts(times=9, wait=0.2)) is None
    assert listener.lines.count("long  | up") == 1
    assert listener.lines.count("short | up") >= 2
    assert time.monotonic() - began > 0.2 + 0.4


def test_ends_of_long_ago_are_not_counted():
    listener = Listener(wanted=9)
    assert run([python("short", "")], listener, restarts=Restarts(times=1, within=0.01, wait=0.02)) is None


def test_each_line_carries_the_name_of_its_part():
    listener = Listener(wanted=2)
    assert run([python("a", SLEEPER), python("longer", SLEEPER)], listener) is None
    assert sorted(listener.lines) == ["a      | up", "longer | up"]


def test_who_ignores_the_wish_is_killed_with_all_it_started():
    listener = Listener(wanted=3)
    began = time.monotonic()
    run([python("family", FAMILY), python("stubborn", STUBBORN)], listener, patience=0.5)
    assert time.monotonic() - began < 9
    assert gone([listener.pid_of_child()], seconds=1)


def test_who_ends_in_time_is_not_waited_for():
    listener = Listener(wanted=1)
    began = time.monotonic()
    run([python("a", SLEEPER)], listener, patience=60)
    assert time.monotonic() - began < 30


def test_a_missing_program_leaves_nothing_running():
    listener = Listener()
    with pytest.raises(FileNotFoundError):
        run([python("a", SLEEPER), Part("b", ("/no/such/program",))], listener)


FROZEN = "import os, signal; print('up', flush=True); os.kill(os.getpid(), signal.SIGSTOP)"
LIVELY = """
import time; from automation import pulse
for _ in range(60): pulse.give(); time.sleep(0.05)
"""


def test_a_part_that_has_frozen_is_killed_and_started_again_and_one_that_gives_its_pulse_is_not(monkeypatch):
    monkeypatch.setattr(pulse, "SILENT_AFTER_SECONDS", 1.0)
    said = []
    parts = [
        replace(python("frozen", FROZEN), gives_pulse=True),
        replace(python("lively", LIVELY), gives_pulse=True),
    ]
    options = {"env": dict(os.environ), "cwd": ROOT, "stop": threading.Event(), "say": said.append}
    ended = supervise(parts, **options, restarts=Restarts(times=1, wait=0.05))
    assert ended == Ended("frozen", -signal.SIGKILL)
    assert sum("up" in line for line in said) == 2
    assert not any("lively" in line for line in said)


def test_a_supervisor_that_was_frozen_itself_holds_no_silence_against_its_parts(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(pulse, "time", SimpleNamespace(monotonic=lambda: now[0]))
    listener = pulse.Listener()
    now[0] = 3_600.0
    assert not listener.is_silent()
    silent = 0
    while not listener.is_silent():
        now[0] += 0.5
        silent += 0.5
    assert silent == pulse.SILENT_AFTER_SECONDS - pulse.LONGEST_LOOK + 0.5
    listener.has_begun()
    listener.close()


def test_nothing_outlives_a_supervisor_that_was_killed():
    program = (
        "import os, sys, threading; from pathlib import Path; from automation.supervisor import *;"
        f"supervise([Part('family', (sys.executable, '-c', {FAMILY!r}))], env=dict(os.environ),"
        "cwd=Path('.'), stop=threading.Event(), say=lambda line: print(line, flush=True))"
    )
    with subprocess.Popen(
        (sys.executable, "-c", program), cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as run:
        child = int(run.stdout.readline().split()[-1])
        run.stdout.readline()
        parent = int(Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[1])
        assert is_alive(child)
        run.send_signal(signal.SIGKILL)
    assert gone([child, parent])


def test_a_taken_port_gives_the_next_free_one():
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with listen("127.0.0.1", port) as second:
            assert port < second.getsockname()[1] < port + 20


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
def test_an_address_that_is_not_ours_is_a_sentence(host):
    with pytest.raises(OperatorError) as error:
        listen(host, 18_000)
    assert "--host" in error.value.remedy
