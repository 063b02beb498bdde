from __future__ import annotations

import threading

import pytest

from projects.errors import Cancelled
from projects.workspace import checkouts, leftovers
from projects.workspace.processes import Stop
from tests.projects.workspace.git_server import git


@pytest.fixture
def forgotten(mirror, clone, home, sandbox):
    def call(stop=None):
        binds = checkouts.agent_binds(mirror, clone, home)
        return leftovers.forgotten(clone, sandbox=sandbox, binds=binds, stop=stop)

    return call


def test_new_files_are_excluded_and_changed_ones_restored_but_not_what_was_there_before(forgotten, clone):
    (clone / "README").write_text("the agent's\n")
    (clone / "own").write_text("the agent's\n")
    with forgotten():
        (clone / "README").write_text("both's\n")
        (clone / "src/app.py").unlink()
        (clone / "src/made").write_text("x")
        (clone / "staged").write_text("x")
        git(clone, "add", "staged")
    assert git(clone, "status", "--porcelain") == "M README\n?? own"
    assert (clone / "src/made").exists()
    assert (clone / "README").read_text() == "both's\n"
    (clone / "src/other").write_text("x")
    assert "src/other" in git(clone, "status", "--porcelain")


def test_of_very_many_files_the_folder_is_excluded(forgotten, clone, monkeypatch):
    monkeypatch.setattr(leftovers, "MANY", 5)
    (clone / "mixed").mkdir()
    (clone / "mixed/own").write_text("x")
    with forgotten():
        (clone / "made").mkdir()
        for number in range(9):
            (clone / f"made/{number}").write_text("x")
    assert git(clone, "status", "--porcelain") == "?? mixed/"
    assert "/made/\n" in (clone / ".git/info/exclude").read_text()


def test_it_is_forgotten_also_when_the_block_is_stopped(forgotten, clone):
    stop = Stop()
    with forgotten(stop):
        (clone / "made").write_text("x")
        stop.request("a person asked")
    assert git(clone, "status", "--porcelain") == ""


def test_committing_ends_when_it_is_asked_to(mirror, clone, home, sandbox):
    git(clone, "config", "filter.slow.clean", "sleep 60; cat")
    (clone / ".gitattributes").write_text("* filter=slow\n")
    stop = Stop()
    threading.Timer(0.5, stop.request, ["stop"]).start()
    binds = checkouts.agent_binds(mirror, clone, home)
    with pytest.raises(Cancelled):
        leftovers.commit_leftovers(clone, sandbox=sandbox, binds=binds, message="x", stop=stop)
