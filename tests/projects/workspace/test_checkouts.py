from __future__ import annotations

import shutil

import pytest

from projects.errors import AutowrkersError, OperatorError
from projects.workspace import checkouts, folders, leftovers
from projects.workspace.processes import run
from projects.workspace.sandbox import INSIDE
from tests.projects.workspace.conftest import TOKEN, work
from tests.projects.workspace.git_server import commit, git


@pytest.fixture
def inside(mirror, clone, home, sandbox):
    """Run a shell line where the agent works."""

    def start(line):
        binds = checkouts.agent_binds(mirror, clone, home)
        wrapped = sandbox.wrap(["sh", "-c", line], binds=binds, chdir=INSIDE, env={})
        return run(wrapped.argv, env=wrapped.env, cwd=wrapped.cwd, timeout=30)

    return start


@pytest.fixture
def tidy(mirror, clone, home, sandbox):
    def call():
        binds = checkouts.agent_binds(mirror, clone, home)
        return leftovers.commit_leftovers(clone, sandbox=sandbox, binds=binds, message="Leftovers for #3")

    return call


def test_an_agents_clone_has_the_branch_and_knows_no_remote_token_or_hook(clone, base, tmp_path):
    assert git(clone, "status", "--porcelain", "--branch") == "## feature/issue-3"
    assert git(clone, "rev-parse", "HEAD") == base
    assert (clone / "src/app.py").read_text() == "print('app')\n"
    config = (clone / ".git/config").read_text()
    assert "remote" not in config
    assert "http" not in config
    assert TOKEN not in config
    assert git(clone, "config", "user.name") == "Autowrkers"
    assert not list((clone / ".git").glob("hooks/*"))


def test_the_clone_borrows_its_objects(clone):
    assert not list((clone / ".git/objects").glob("??"))
    assert not list((clone / ".git/objects/pack").glob("*"))


def test_an_agent_commits_inside_and_cannot_write_to_the_mirror(inside, mirror, clone, base):
    done = inside(
        "git log --oneline && echo fixed > fix && git add fix && git commit -qm Fix && git log --format=%an -1"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(b"Autowrkers\n")
    assert git(clone, "rev-parse", "HEAD^") == base


def test_in_bubblewrap_the_mirrors_objects_are_read_only_and_its_config_unseen(mirror, clone, home):
    binds = {bind.inside: bind for bind in checkouts.agent_binds(mirror, clone, home)}
    assert not binds[mirror.path / "objects"].writable
    assert mirror.path not in binds


def test_making_a_clone_again_starts_afresh(mirror, clone, base):
    (clone / "junk").write_text("x")
    checkouts.make_clone(mirror, clone, branch="feature/issue-3", start_sha=base)
    assert not (clone / "junk").exists()


def test_a_clone_is_taken_over_under_the_new_fence(clone, mirror, base, sandbox):
    head = work(clone, {"fix": "1"})
    new = folders.clone_path(7, 2)
    checkouts.adopt(clone, new)
    assert not clone.exists()
    assert mirror.import_head(new, session_id=7, base_sha=base, sandbox=sandbox) == head


def test_leftovers_are_committed_under_our_name_and_message(tidy, clone, inside):
    assert not tidy()
    inside(
        "echo new > new; echo changed >> README; rm src/app.py; mkdir -p __pycache__; touch __pycache__/x.pyc"
    )
    (clone / ".git/index.lock").touch()
    hook = clone / ".git/hooks/prepare-commit-msg"
    hook.parent.mkdir()
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    assert tidy()
    assert not tidy()
    assert git(clone, "show", "--format=%an: %s", "--name-status") == (
        "Autowrkers: Leftovers for #3\n\nM\tREADME\nA\tnew\nD\tsrc/app.py"
    )


def test_a_repository_within_the_repository_spoils_not_the_rest(tidy, clone, inside):
    inside("git init -q nested; echo new > new")
    assert tidy()
    assert "A\tnew" in git(clone, "show", "--name-status")


def test_leftovers_of_a_clone_without_git_are_not_committed(tidy, clone):
    shutil.rmtree(clone / ".git")
    with pytest.raises(OperatorError) as caught:
        tidy()
    assert caught.value.code == "git.clone_broken"


def test_a_checkout_is_clean_detached_and_gone_afterwards(mirror, clone, base, sandbox):
    head = work(clone, {"fix": "1", "run.sh": "x"})
    (clone / "uncommitted").write_text("x")
    mirror.import_head(clone, session_id=7, base_sha=base, sandbox=sandbox)
    path = folders.check_path(7, 1)
    with checkouts.checkout(mirror, head, path) as found:
        assert found == path
        assert (path / "fix").read_text() == "1"
        assert not (path / "uncommitted").exists()
        assert git(path, "rev-parse", "HEAD") == head
        assert git(path, "branch", "--show-current") == ""
        (path / "src").chmod(0o500)
    assert not path.exists()


def test_a_checkout_is_gone_when_the_checks_raise(mirror, base):
    path = folders.check_path(7, 1)
    with pytest.raises(ZeroDivisionError), checkouts.checkout(mirror, base, path):
        raise ZeroDivisionError
    assert not path.exists()


def test_a_mirror_found_damaged_while_cloning_is_rebuilt(mirror, base):
    for path in mirror.path.glob("objects/*/*"):
        path.chmod(0o644)
        path.write_bytes(b"")
    path = folders.clone_path(8, 1)
    checkouts.make_clone(mirror, path, branch="feature/issue-4", start_sha=base)
    assert (path / "README").read_text() == "hello\n"


def test_a_commit_that_is_nowhere_is_an_error(mirror):
    with pytest.raises(AutowrkersError):
        checkouts.make_clone(mirror, folders.clone_path(8, 1), branch="x", start_sha="0" * 39 + "1")


def test_links_and_attributes_of_the_repository_do_nothing_to_us(mirror, bare, tmp_path):
    sha = commit(bare, {".gitattributes": "* filter=lfs ident\n", "file": "$Id$\n"})
    mirror.fetch()
    with checkouts.checkout(mirror, sha, folders.check_path(7, 1)) as path:
        assert (path / "file").is_file()
