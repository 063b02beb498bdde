from __future__ import annotations

import time

import pytest

from projects.errors import OperatorError
from projects.workspace.history import Size, reading
from tests.projects.workspace.git_server import commit


@pytest.fixture
def later(mirror, bare):
    """Three commits after the base: the SHA of the last."""
    commit(bare, {"src/app.py": "print('new')\n"}, message="Change the app\n\nWith a body.")
    commit(bare, {"docs/größe.md": "# Größe\n", "bin": "data"}, message="Write docs")
    sha = commit(bare, {"README": "hi\n"}, message="Greet 🐛")
    mirror.fetch()
    return sha


@pytest.fixture
def history(mirror, base):
    with mirror.history() as history:
        yield history


def test_commits_between_two_revisions_come_newest_first(history, base, later):
    found = history.commits(base, later)
    assert [each.subject for each in found] == ["Greet 🐛", "Write docs", "Change the app"]
    assert found[0].sha == later
    assert {each.author for each in found} == {"Ann"}
    assert history.commits(later, base) == []


def test_changed_files_are_named_as_they_are(history, base, later):
    assert history.changed_files(base, later) == ["README", "bin", "docs/größe.md", "src/app.py"]


def test_both_names_of_a_moved_file_have_changed(mirror, history, base, bare):
    work = bare.parent / "repo.git-work"
    (work / "src/app.py").rename(work / "src/main.py")
    sha = commit(bare, {})
    mirror.fetch()
    assert history.changed_files(base, sha) == ["src/app.py", "src/main.py"]


def test_all_files_of_a_commit_are_listed(history, later):
    assert sorted(history.list_files(later)) == ["README", "bin", "docs/größe.md", "src/app.py"]


def test_files_are_read_up_to_a_size_and_only_if_they_are_files(mirror, history, bare, later):
    work = bare.parent / "repo.git-work"
    (work / "link").symlink_to("/etc/passwd")
    sha = commit(bare, {})
    mirror.fetch()
    assert history.read_file(sha, "README", max_bytes=100) == b"hi\n"
    assert history.read_file(sha, "README", max_bytes=2) == b"hi"
    assert history.read_file(sha, "docs/größe.md", max_bytes=100) == "# Größe\n".encode()
    for path in ("none", "src", "src/none", "README/x", "link", "../README", "/etc/passwd", ""):
        assert history.read_file(sha, path, max_bytes=100) is None


def test_recent_commits_are_those_on_the_given_files(history, later):
    subjects = [each.subject for each in history.recent_commits(later, ["src/app.py", "*"], limit=5)]
    assert subjects == ["Change the app", "Begin"]
    assert len(history.recent_commits(later, ["src/app.py"], limit=1)) == 1
    assert history.recent_commits(later, [], limit=5) == []


@pytest.mark.parametrize("revision", ["main", "--output=/tmp/x", "HEAD", "", "a" * 39])
def test_only_full_shas_are_revisions(history, base, revision):
    with pytest.raises(ValueError, match="not a full SHA"):
        history.commits(base, revision)


def test_a_patch_is_read_as_git_writes_it(history, base, later):
    with history.patch(base, later) as lines:
        text = lines.read().decode()
    assert "--- a/src/app.py\n+++ b/src/app.py\n" in text
    assert "+++ b/docs/größe.md\n" in text


def test_a_patch_may_be_left_before_its_end(history, base, later):
    with history.patch(base, later) as lines:
        assert lines.readline().startswith(b"diff --git ")


def test_a_patch_of_commits_that_are_not_here_says_so(history, base):
    with pytest.raises(OperatorError, match="not on this host"), history.patch(base, "a" * 40) as lines:
        assert lines.read() == b""


def test_a_place_without_a_mirror_says_so(tmp_path):
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(OperatorError, match="not on this host"), reading(path):
            pass


@pytest.mark.parametrize("damage", [b"[broken", b"[core]\n\tbare = \xff"])
def test_a_mirror_whose_settings_are_damaged_says_so(mirror, base, damage):
    (mirror.path / "config").write_bytes(damage)
    with pytest.raises(OperatorError, match="cannot be read"), reading(mirror.path):
        pass


def test_sizes_are_counted_for_what_is_here(history, base, later):
    pairs = [(base, later), (base, "a" * 40), ("", ""), (base, base), ("0" * 40, base)]
    assert history.sizes(pairs[:4]) == {later: Size(4, 4, 2), base: Size(0, 0, 0)}
    assert history.sizes(pairs) == {}
    assert history.sizes([]) == {}


def test_a_patch_that_takes_too_long_is_ended_and_says_so(mirror, base, bare):
    sha = commit(bare, {"big": "".join(f"{number}\n" for number in range(500_000))})
    mirror.fetch()

    def read_late():
        with mirror.history() as history, history.patch(base, sha, seconds=0.3) as lines:
            time.sleep(1)  # git waits for a reader until its time is up
            lines.read()

    with pytest.raises(OperatorError, match="takes too long"):
        read_late()
