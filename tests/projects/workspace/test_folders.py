from __future__ import annotations

import os
import subprocess
import sys

import pytest

from projects.workspace import checkouts

DIG = """
import os
for _ in range(1500):
    os.mkdir("dddddddd")
    os.chdir("dddddddd")
open("file", "wb").write(b"x" * 1_000_000)
"""


@pytest.fixture
def root(tmp_path, settings):
    settings.AUTOWRKERS_WORKSPACE_ROOT = tmp_path / "workspace"
    settings.AUTOWRKERS_WORKSPACE_ROOT.mkdir()
    return settings.AUTOWRKERS_WORKSPACE_ROOT


def test_a_session_finds_its_folders_and_nobody_elses(root):
    own = [
        checkouts.clone_path(1, 1),
        checkouts.clone_path(1, 22),
        checkouts.home_path(1),
        checkouts.check_path(1, 3),
    ]
    for path in [*own, checkouts.clone_path(11, 1), root / "clones" / "junk"]:
        path.mkdir(parents=True)
    assert sorted(checkouts.paths_of(1)) == sorted(own)
    assert checkouts.sessions_on_disk() == {1, 11}


def test_a_folder_deeper_than_any_path_is_weighed_and_removed(root):
    top = checkouts.clone_path(1, 1)
    top.mkdir(parents=True)
    subprocess.run([sys.executable, "-c", DIG], cwd=top, check=True)
    assert checkouts.disk_usage(top) > 1_000_000
    checkouts.remove(top)
    assert not top.exists()


def test_a_write_protected_folder_is_removed(root):
    inner = checkouts.clone_path(1, 1) / "a" / "b"
    inner.mkdir(parents=True)
    (inner / "file").touch()
    inner.chmod(0o000)
    inner.parent.chmod(0o500)
    checkouts.remove(checkouts.clone_path(1, 1))
    assert not checkouts.clone_path(1, 1).exists()


def test_links_are_removed_and_not_followed(root, tmp_path):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").touch()
    path = checkouts.clone_path(1, 1)
    path.mkdir(parents=True)
    (path / "link").symlink_to(tmp_path / "precious")
    checkouts.remove(path)
    assert (tmp_path / "precious" / "file").exists()


def test_what_is_not_there_weighs_nothing_and_is_removed_already(root):
    checkouts.remove(checkouts.clone_path(1, 1))
    assert checkouts.disk_usage(checkouts.clone_path(1, 1)) == 0


@pytest.mark.parametrize("path", ["..", ".", "../elsewhere", "clones/../.."])
def test_nothing_outside_the_workspace_is_removed(root, path, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    with pytest.raises(ValueError, match="not in the workspace"):
        checkouts.remove(root / path)
    assert os.path.lexists(tmp_path / "elsewhere")
