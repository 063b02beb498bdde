from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from projects.workspace.processes import Stop, identify, is_alive, kill_tree
from projects.workspace.streams import Limits, stream
from tests.projects.workspace.conftest import ENV, living, wait_until

WIDE = Limits(total_seconds=30, silence_seconds=30, output_bytes=10**7, line_bytes=1000)


def play(line, *, limits=WIDE, stop=None, on_lines=None, on_start=None):
    lines, problems = [], []
    end = stream(
        ["sh", "-c", line],
        env=ENV,
        cwd=None,
        stdin=b"the prompt\n",
        on_lines=on_lines or lines.extend,
        on_stderr=problems.extend,
        limits=limits,
        stop=stop,
        on_start=on_start,
    )
    return end, lines, problems


def limits(**changes):
    return Limits(**(vars(WIDE) | changes))


def test_lines_come_whole_whatever_the_chunks():
    end, lines, problems = play("cat; printf 'a\\n\\nb'; sleep 0.2; printf 'c\\nlast'; echo oops >&2")
    assert lines == [b"the prompt", b"a", b"", b"bc", b"last"]
    assert problems == [b"oops"]
    assert (end.returncode, end.ended_by) == (0, "exit")


def test_a_long_line_is_cut_and_the_next_is_whole():
    _, lines, _ = play("head -c 300000 /dev/zero | tr '\\0' x; echo; echo next", limits=limits(line_bytes=10))
    assert lines == [b"the prompt"[:10], b"x" * 10, b"next"][1:]


@pytest.mark.parametrize(
    ("line", "changes", "ended_by"),
    [
        ("while :; do echo busy; sleep 0.1; done", {"total_seconds": 0.6}, "timeout"),
        ("echo begun; sleep {marker}", {"silence_seconds": 0.5}, "silence"),
        ("yes", {"output_bytes": 100_000}, "flood"),
    ],
)
def test_a_limit_ends_the_program_and_says_which(marker, line, changes, ended_by):
    end, lines, _ = play(line.format(marker=marker) + f"; : {marker}", limits=limits(**changes))
    assert end.ended_by == ended_by
    assert lines
    assert living(marker) == []


def test_output_on_stderr_breaks_the_silence_too():
    line = "for i in 1 2 3 4 5; do sleep 0.3; echo tick >&2; done"
    assert play(line, limits=limits(silence_seconds=1))[0].ended_by == "exit"


def test_a_stop_ends_the_stream_and_its_last_words_are_heard():
    stop = Stop()
    threading.Timer(0.4, stop.request, ["skip"]).start()
    end, lines, _ = play("trap 'echo bye; exit 0' TERM; while :; do sleep 0.1; done", stop=stop)
    assert (end.ended_by, lines) == ("stop", [b"bye"])


def test_a_callback_that_raises_leaves_nothing_alive(marker):
    def refuse(lines):
        raise ValueError(lines)

    with pytest.raises(ValueError, match="begun"):
        play(f"sh -c 'sleep {marker}; :' & echo begun; sleep {marker}", on_lines=refuse)
    assert living(marker) == []


def test_the_identity_handed_over_at_the_start_is_enough_to_kill_the_tree_elsewhere(marker):
    seen = []
    threading.Thread(
        target=play,
        args=(f"sh -c 'sleep {marker}; :' & sleep {marker}; :",),
        kwargs={"on_start": seen.append},
    ).start()
    wait_until(lambda: seen and len(living(marker)) >= 2)
    assert is_alive(seen[0])
    assert kill_tree(seen[0])
    assert living(marker) == []
    assert not is_alive(seen[0])
    assert kill_tree(seen[0]), "killing what is gone is fine"
    assert identify(seen[0].pid).started != seen[0].started


FLOOD = """
import resource, sys
from projects.workspace.processes import run
from projects.workspace.streams import Limits, stream
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
program = [sys.executable, "-c", "import sys\\nfor _ in range(1024): sys.stdout.buffer.write(%s)"]
env, count = {"PATH": "/usr/bin:/bin"}, [0]
def on_lines(lines):
    count[0] += len(lines)
    assert all(len(line) <= 1000 for line in lines)
before = peak()
if "run" in sys.argv:
    assert run(program, env=env, timeout=100).truncated
else:
    end = stream(program, env=env, cwd=None, stdin=b"", on_lines=on_lines, on_stderr=on_lines, stop=None,
                 limits=Limits(100, 100, 2**31, 1000))
    assert end.output_bytes == 2**30, end
print(count[0], peak() - before)
"""


@pytest.mark.parametrize(
    ("way", "piece", "lines"),
    [
        ("stream", "b'x' * 2**20", 1),
        ("stream", "(b'x' * 1023 + b'\\\\n') * 1024", 2**20),
        ("run", "b'x' * 2**20", 0),
    ],
    ids=["one line of 1 GB", "a flood of 1 GB", "collected"],
)
def test_a_gigabyte_of_output_costs_no_memory(way, piece, lines):
    done = subprocess.run(
        [sys.executable, "-c", FLOOD % piece, way], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    count, grown_mb = done.stdout.split()
    assert int(count) == lines
    assert int(grown_mb) < 64
