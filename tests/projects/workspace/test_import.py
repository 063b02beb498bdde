from __future__ import annotations

import shutil
import threading
import time

import pytest

from projects.errors import Cancelled, OperatorError
from projects.workspace.git import Git
from projects.workspace.mirror import Mirror
from projects.workspace.processes import Stop
from projects.workspace.sandbox import Sandbox
from tests.projects.workspace.conftest import work
from tests.projects.workspace.git_server import git


def take(mirror, clone, base, sandbox):
    return mirror.import_head(clone, session_id=7, base_sha=base, sandbox=sandbox)


def refusal(mirror, clone, base, sandbox):
    with pytest.raises(OperatorError) as caught:
        take(mirror, clone, base, sandbox)
    assert caught.value.remedy
    return caught.value.code


def test_the_head_of_the_clone_is_taken_in_and_again_is_no_change(mirror, clone, base, sandbox):
    assert mirror.session_sha(7) is None
    head = work(clone, {"fix": "1"})
    assert take(mirror, clone, base, sandbox) == take(mirror, clone, base, sandbox) == head
    assert mirror.session_sha(7) == head
    assert mirror.session_sha(70) is None
    assert "incoming" not in git(mirror.path, "for-each-ref")


def test_a_clone_without_a_commit_gives_the_base(mirror, clone, base, sandbox):
    assert take(mirror, clone, base, sandbox) == base


def test_an_amended_commit_and_a_detached_head_are_fine_above_the_base(mirror, clone, base, sandbox):
    work(clone, {"fix": "1"})
    take(mirror, clone, base, sandbox)
    git(clone, "commit", "--amend", "--message", "Better")
    git(clone, "checkout", "--quiet", "--detach")
    assert take(mirror, clone, base, sandbox) == git(clone, "rev-parse", "HEAD")


def test_without_walls_the_import_works_too(mirror, clone, base):
    head = work(clone, {"fix": "1"})
    assert take(mirror, clone, base, Sandbox("none")) == head


def orphan(clone):
    git(clone, "checkout", "--quiet", "--orphan", "other")
    git(clone, "commit", "--quiet", "--message", "From nothing")


def test_a_head_that_does_not_build_on_the_base_is_refused_and_the_last_one_stays(
    mirror, clone, base, sandbox
):
    head = work(clone, {"fix": "1"})
    take(mirror, clone, base, sandbox)
    orphan(clone)
    assert refusal(mirror, clone, base, sandbox) == "git.history_rewritten"
    assert mirror.session_sha(7) == head
    assert "incoming" not in git(mirror.path, "for-each-ref")


def drop_git(clone):
    shutil.rmtree(clone / ".git")


def drop_clone(clone):
    shutil.rmtree(clone)


def drop_branch(clone):
    git(clone, "update-ref", "-d", "HEAD")


def drop_objects(clone):
    work(clone, {"fix": "1"})
    for path in (clone / ".git" / "objects").glob("??"):
        shutil.rmtree(path)


def head_on_a_blob(clone):
    (clone / ".git" / "HEAD").write_text(git(clone, "rev-parse", "HEAD:README") + "\n")


def git_is_a_pipe(clone):
    shutil.rmtree(clone / ".git")
    (clone / ".git").write_text("gitdir: /nowhere\n")


def evil_tree(clone):
    """A tree with an entry named .git, which git itself would never write."""
    blob = git(clone, "rev-parse", "HEAD:README")
    line = b"100644 .GIT\0" + bytes.fromhex(blob)
    (clone / "tree").write_bytes(line)
    tree = git(clone, "hash-object", "-t", "tree", "-w", "--literally", "tree")
    git(clone, "update-ref", "HEAD", git(clone, "commit-tree", tree, "-p", "HEAD", "-m", "Evil"))


BREAKAGES = [drop_git, drop_clone, drop_branch, drop_objects, head_on_a_blob, git_is_a_pipe, evil_tree]


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_a_clone_that_is_no_usable_repository_any_more_is_told(mirror, clone, base, sandbox, breakage):
    breakage(clone)
    assert refusal(mirror, clone, base, sandbox) == "git.clone_broken"
    assert mirror.session_sha(7) is None


def test_an_import_ends_when_it_is_asked_to(mirror, clone, base):
    stop = Stop()
    threading.Timer(0, stop.request, ["skip"]).start()
    stop.wait(1)
    with pytest.raises(Cancelled):
        take(Mirror(mirror.path, mirror.remote, stop=stop), clone, base, Sandbox("none"))


def bomb(clone, levels):
    """A commit of 10 ** levels files, made of a handful of objects."""
    entry = f"100644 blob {git(clone, 'rev-parse', 'HEAD:README')}"
    for _ in range(levels):
        lines = "".join(f"{entry}\tf{number}\n" for number in range(10))
        entry = (
            f"040000 tree {Git(clone / '.git', work_tree=clone).run('mktree', stdin=lines.encode()).strip()}"
        )
    commit = git(clone, "commit-tree", entry.split()[2], "-p", "HEAD", "-m", "Bomb")
    git(clone, "update-ref", "HEAD", commit)
    return commit


def test_a_handful_of_objects_that_stand_for_a_billion_files_is_refused(mirror, clone, base):
    began = time.monotonic()
    bomb(clone, 9)
    assert refusal(mirror, clone, base, Sandbox("none")) == "git.too_large"
    assert time.monotonic() - began < 30
    assert mirror.session_sha(7) is None
    assert "incoming" not in git(mirror.path, "for-each-ref")


def test_some_ten_thousand_files_are_fine(mirror, clone, base):
    commit = bomb(clone, 4)
    assert take(mirror, clone, base, Sandbox("none")) == commit
