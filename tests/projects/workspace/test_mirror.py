from __future__ import annotations

import threading

import pytest

from projects.errors import Cancelled, OperatorError, Retryable
from projects.workspace.git import Remote
from projects.workspace.mirror import Mirror
from projects.workspace.processes import Stop
from tests.projects.workspace.conftest import TOKEN, wait_until, work
from tests.projects.workspace.git_server import commit, git


def code_of(call, *args, **options):
    with pytest.raises((OperatorError, Retryable)) as caught:
        call(*args, **options)
    assert caught.value.remedy
    return caught.value.code


def test_a_fetch_makes_the_mirror_and_follows_every_branch(mirror, bare):
    assert mirror.branch_sha("main") == git(bare, "rev-parse", "main")
    sha = commit(bare, {"new": "1"}, branch="fix/🐛-ünïcode", message="Emoji")
    git(bare, "update-ref", "refs/pull/1/head", sha)
    assert mirror.remote_branches()["fix/🐛-ünïcode"] == sha
    mirror.fetch()
    assert mirror.branch_sha("fix/🐛-ünïcode") == sha
    git(bare, "branch", "-D", "fix/🐛-ünïcode")
    mirror.fetch()
    assert mirror.branch_sha("fix/🐛-ünïcode") is None
    assert mirror.branch_sha("fix") is None
    assert "refs/pull" not in git(mirror.path, "for-each-ref")


def test_a_forced_push_and_a_branch_that_became_a_folder_are_followed(mirror, bare):
    commit(bare, {}, branch="topic")
    mirror.fetch()
    git(bare, "branch", "-D", "topic")
    inner = commit(bare, {"x": "1"}, branch="topic/inner")
    git(bare, "update-ref", "refs/heads/main", inner)
    mirror.fetch()
    assert mirror.branch_sha("topic/inner") == mirror.branch_sha("main") == inner


def test_an_empty_repository_is_told_apart(server, settings):
    server.create("owner/empty")
    mirror = Mirror(
        settings.AUTOWRKERS_WORKSPACE_ROOT / "mirrors" / "2", Remote(f"{server.url}/owner/empty.git", TOKEN)
    )
    mirror.fetch()
    assert mirror.is_empty()
    assert mirror.remote_branches() == {}
    assert mirror.branch_sha("main") is None


def test_what_is_ours_survives_a_fetch(mirror, base, bare):
    mirror.keep(7, base)
    git(bare, "update-ref", "refs/autowrkers/keep/7", base)
    mirror.fetch()
    assert git(mirror.path, "rev-parse", "refs/autowrkers/keep/7") == base
    mirror.release(7)
    mirror.fetch()
    assert "autowrkers" not in git(mirror.path, "for-each-ref")


@pytest.mark.parametrize("damage", ["HEAD", "config", "objects", "pack"])
def test_a_damaged_mirror_is_rebuilt(mirror, base, bare, damage, sandbox, clone):
    head = work(clone, {"fix": "1"})
    mirror.import_head(clone, session_id=7, base_sha=base, sandbox=sandbox)
    if damage in ("HEAD", "config"):
        (mirror.path / damage).write_text("nonsense [\n")
    else:
        for path in mirror.path.glob("objects/*/*"):
            path.chmod(0o644)
            path.write_bytes(b"" if damage == "objects" else b"garbage" * 50)
    sha = commit(bare, {"later": "1"})
    mirror.fetch()
    assert mirror.branch_sha("main") == sha
    assert git(mirror.path, "fsck") is not None
    if damage in ("HEAD", "config"):
        assert mirror.path.with_name("1.damaged").is_dir()
    else:
        assert mirror.import_head(clone, session_id=7, base_sha=base, sandbox=sandbox) == head
    assert head


def test_a_mirror_is_not_given_up_while_the_remote_is_out_of_reach(mirror, base, server):
    mirror.keep(7, base)
    (mirror.path / "config").write_text("nonsense [\n")
    server.close()
    assert code_of(mirror.fetch) == "git.network"
    assert (mirror.path / "refs/autowrkers/keep/7").is_file()


def test_what_a_killed_git_left_behind_is_no_obstacle(mirror, bare):
    for name in ("packed-refs.lock", "refs/heads/main.lock", "objects/pack/tmp_pack_abc"):
        (mirror.path / name).touch()
    sha = commit(bare, {"later": "1"})
    mirror.fetch()
    assert mirror.branch_sha("main") == sha
    assert not (mirror.path / "objects/pack/tmp_pack_abc").exists()


def test_two_workers_use_one_mirror_at_once(mirror, bare):
    commit(bare, {"later": "1"})
    errors = []

    def fetch():
        try:
            Mirror(mirror.path, mirror.remote).fetch()
        except OSError as error:
            errors.append(error)

    threads = [threading.Thread(target=fetch) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert mirror.branch_sha("main") == git(bare, "rev-parse", "main")


def test_waiting_for_the_mirror_ends_with_a_stop(mirror):
    stop = Stop()
    waiting = Mirror(mirror.path, mirror.remote, stop=stop)
    caught = []

    def fetch():
        try:
            waiting.fetch()
        except Cancelled as error:
            caught.append(error)

    with mirror._alone():
        thread = threading.Thread(target=fetch)
        thread.start()
        stop.request("lease lost")
        thread.join(5)
    wait_until(lambda: caught)


def test_a_push_makes_the_branch_once_and_again_is_no_change(mirror, clone, base, sandbox, bare):
    first = work(clone, {"fix": "1"})
    mirror.import_head(clone, session_id=7, base_sha=base, sandbox=sandbox)
    mirror.push(first, "feature/issue-3", expected=None)
    mirror.push(first, "feature/issue-3", expected=None)
    assert git(bare, "rev-parse", "feature/issue-3") == first
    second = work(clone, {"fix": "2"})
    mirror.import_head(clone, session_id=7, base_sha=base, sandbox=sandbox)
    mirror.push(second, "feature/issue-3", expected=first)
    assert mirror.remote_branches()["feature/issue-3"] == second == mirror.session_sha(7)


def test_a_branch_that_somebody_else_moved_or_made_is_left_alone(mirror, clone, base, sandbox, bare):
    head = work(clone, {"fix": "1"})
    mirror.import_head(clone, session_id=7, base_sha=base, sandbox=sandbox)
    theirs = commit(bare, {"other": "1"}, branch="feature/issue-3")
    assert code_of(mirror.push, head, "feature/issue-3", expected=None) == "git.branch_behind"
    assert code_of(mirror.push, head, "feature/issue-3", expected=base) == "git.branch_behind"
    assert git(bare, "rev-parse", "feature/issue-3") == theirs


def test_a_push_that_a_hook_declines_is_rejected_with_its_words(mirror, base, bare):
    hook = bare / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'no pushes on Fridays' >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(OperatorError, match="no pushes on Fridays") as caught:
        mirror.push(base, "feature/issue-3", expected=None)
    assert caught.value.code == "git.rejected"


@pytest.mark.parametrize(
    ("name", "token", "code"),
    [
        ("owner/repo", "ghp_wrong0123456789", "git.auth"),
        ("owner/none", TOKEN, "git.not_found"),
        ("owner/repo", None, "git.auth"),
    ],
)
def test_a_remote_that_says_no_is_told_apart(server, bare, settings, name, token, code):
    mirror = Mirror(
        settings.AUTOWRKERS_WORKSPACE_ROOT / "mirrors" / "3", Remote(f"{server.url}/{name}.git", token)
    )
    assert code_of(mirror.fetch) == code
