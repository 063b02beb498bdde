"""A mirror with many packs or loose objects is packed, and a clone that borrows from it misses nothing."""

from __future__ import annotations

import pytest

from projects.workspace import packing
from tests.projects.workspace.conftest import work
from tests.projects.workspace.git_server import commit, git


def counts(mirror):
    objects = mirror.path / "objects"
    return len(list((objects / "pack").glob("*.pack"))), len(list(objects.glob("[0-9a-f]" * 2 + "/*")))


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(packing, "PACKS", 2)
    monkeypatch.setattr(packing, "LOOSE_IN_SAMPLE", 0)


@pytest.fixture
def gone(request, mirror, bare, clone):
    """A commit on which a clone stands and to which no branch leads any more. With many files it comes in a pack."""
    sha = commit(
        bare, {"gone": "soon"} | {f"other{each}": str(each) for each in range(request.param)}, branch="topic"
    )
    mirror.fetch()
    git(clone, "reset", "--hard", "--quiet", sha)
    git(bare, "branch", "-D", "topic")
    mirror.fetch()
    return sha


@pytest.mark.parametrize("gone", [120], indirect=True)
def test_many_packs_become_one_and_what_a_clone_borrows_stays(mirror, bare, clone, gone, few):
    for number in range(3):
        commit(bare, {f"file{number}-{each}": str(each) for each in range(120)})
        mirror.git.run("fetch", "--quiet", "--", mirror.remote.url, "main", remote=mirror.remote)
    assert counts(mirror)[0] > 2
    mirror.fetch()
    assert counts(mirror)[0] == 1
    assert git(clone, "show", f"{gone}:gone") == "soon"
    assert git(clone, "fsck", "--connectivity-only", "--no-dangling") == ""
    work(clone, {"more": "1"})


@pytest.mark.parametrize("gone", [0], indirect=True)
def test_loose_objects_are_packed_and_those_that_no_branch_leads_to_stay(
    mirror, clone, gone, few, monkeypatch
):
    before = counts(mirror)[1]
    somewhere = next((mirror.path / "objects").glob("[0-9a-f]" * 2))
    monkeypatch.setattr(packing, "SAMPLE", somewhere.name)
    mirror.fetch()
    assert 0 < counts(mirror)[1] < before
    assert git(clone, "show", f"{gone}:gone") == "soon"


def test_a_mirror_with_few_is_left_alone(mirror):
    assert packing.pack(mirror.git) is False
