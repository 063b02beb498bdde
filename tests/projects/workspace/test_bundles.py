"""Imported commits go from one host's mirror to another's by a file, whole or not at all."""

from __future__ import annotations

import pytest

from projects.errors import Retryable
from projects.workspace import bundles
from projects.workspace.git import init_repository
from projects.workspace.mirror import Mirror
from tests.projects.workspace.conftest import work
from tests.projects.workspace.git_server import git
from tests.sandboxes import require_sandbox


@pytest.fixture
def head(mirror, clone, base, sandbox):
    work(clone, {"fix": "1"})
    work(clone, {"more": "2"})
    return mirror.import_head(clone, session_id=7, base_sha=base, sandbox=sandbox)


@pytest.fixture
def bundle(mirror, base, head, tmp_path):
    path = tmp_path / "logs" / "3.bundle"
    bundles.write(mirror, path, session_id=7, base_sha=base, head_sha=head)
    return path


@pytest.fixture
def other(remote, settings):
    """The mirror of another host."""
    mirror = Mirror(settings.AUTOWRKERS_WORKSPACE_ROOT / "elsewhere" / "1", remote)
    assert not mirror.has("0" * 40)
    mirror.fetch()
    return mirror


@pytest.fixture
def sandbox():
    return require_sandbox("bubblewrap")


def test_another_mirror_gets_the_commits_and_nothing_else_lies_beside_the_file(other, bundle, head):
    assert not other.has(head)
    assert bundles.read(other, bundle, session_id=7, head_sha=head)
    assert other.session_sha(7) == head
    assert git(other.path, "log", "--format=%s", head).splitlines() == ["Fix", "Fix", "Begin"]
    assert [path.name for path in bundle.parent.iterdir()] == ["3.bundle"]


@pytest.mark.parametrize("damage", ["cut", "changed", "empty", "missing"])
def test_a_damaged_file_gives_nothing_and_harms_nothing(other, bundle, head, base, damage):
    content = bytearray(bundle.read_bytes())
    content[-60] ^= 1
    damaged = {"cut": content[:-40], "changed": content, "empty": b"", "missing": None}[damage]
    bundle.unlink() if damaged is None else bundle.write_bytes(damaged)
    assert not bundles.read(other, bundle, session_id=7, head_sha=head)
    assert (other.session_sha(7), other.has(head), other.has(base)) == (None, False, True)
    assert "incoming" not in git(other.path, "for-each-ref")


def test_a_file_that_leads_elsewhere_is_not_taken_for_the_session(other, bundle, base):
    assert not bundles.read(other, bundle, session_id=7, head_sha="1" * 40)
    assert other.session_sha(7) is None


def test_a_mirror_without_the_base_does_not_take_it(remote, settings, bundle, head):
    stranger = Mirror(settings.AUTOWRKERS_WORKSPACE_ROOT / "elsewhere" / "2", remote)
    init_repository(stranger.path, bare=True)
    assert not bundles.read(stranger, bundle, session_id=7, head_sha=head)


def test_a_folder_that_cannot_be_written_is_told(mirror, base, head, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Retryable) as caught:
        bundles.write(mirror, tmp_path / "file" / "3.bundle", session_id=7, base_sha=base, head_sha=head)
    assert (caught.value.code, bool(caught.value.remedy)) == ("workspace.not_written", True)


def test_a_base_that_no_branch_leads_to_any_more_is_asked_of_the_remote(other, bare, base):
    git(bare, "update-ref", "-d", "refs/heads/main")
    git(bare, "config", "uploadpack.allowAnySHA1InWant", "true")  # as GitHub does
    fresh = Mirror(other.path.with_name("fresh"), other.remote)
    fresh.fetch()
    assert not fresh.has(base)
    fresh.fetch_commit(7, base)
    assert fresh.has(base)
