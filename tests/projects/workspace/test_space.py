"""What a program writes is measured while it runs, seldom where that costs, and the host keeps some room."""

from __future__ import annotations

import sys

import pytest

from projects.workspace import space
from projects.workspace.processes import Caps, run
from projects.workspace.space import Meter

SLEEP = "import time; time.sleep(30)"
MEGABYTE = 2**20


def python(script, *, place, disk_bytes):
    caps = Caps(2**40, 10_000, disk_bytes, lambda: Meter([place], cap_bytes=disk_bytes))
    return run([sys.executable, "-c", script], env={}, cwd=place, timeout=30, caps=caps)


def test_a_folder_that_is_too_large_is_found(tmp_path):
    (tmp_path / "large").write_bytes(bytes(3 * MEGABYTE))
    assert python(SLEEP, place=tmp_path, disk_bytes=2 * MEGABYTE).exceeded == "writes"


def test_a_single_file_never_grows_beyond_the_cap(tmp_path):
    ended = python(
        "while True: open('one', 'ab').write(bytes(2**16))",
        place=tmp_path,
        disk_bytes=2 * MEGABYTE,
    )
    assert ended.returncode != 0
    assert (tmp_path / "one").stat().st_size <= 2 * MEGABYTE


def test_what_stays_within_its_cap_is_let_alone(tmp_path):
    ended = python(
        "open('one', 'wb').write(bytes(2**20)); import time; time.sleep(1.5)",
        place=tmp_path,
        disk_bytes=50 * MEGABYTE,
    )
    assert (ended.returncode, ended.exceeded) == (0, "")


def test_a_large_workspace_is_not_measured_again_and_again(tmp_path, monkeypatch):
    measured = []
    monkeypatch.setattr(space, "disk_usage", lambda place, stop: measured.append(place) or 0)
    monkeypatch.setattr(space, "LOOK_SECONDS", 0.01)
    python("import time; time.sleep(1)", place=tmp_path, disk_bytes=10**15)
    assert measured == [tmp_path]


@pytest.mark.parametrize(("held", "fault"), [(2, "no_space"), (0, None)])
def test_of_two_programs_the_one_that_holds_much_makes_room_first(tmp_path, monkeypatch, held, fault):
    free = space.free_bytes()
    monkeypatch.setattr(
        space, "FREE_BYTES", free + free // 2
    )  # short, and yet more than half of what is asked for
    monkeypatch.setattr(space, "disk_usage", lambda place, stop: held * free)
    with Meter([tmp_path], cap_bytes=10 * free) as meter:
        meter._ended.wait(1.2)
    assert meter.fault == fault


def test_below_the_gate_nothing_may_start_and_it_says_where_and_how_much_is_missing(monkeypatch):
    assert not space.is_short()
    monkeypatch.setattr(space, "FREE_BYTES", 2**60)
    assert space.is_short()
    assert "Free at least" in space.shortage()
