from __future__ import annotations

import os
import subprocess
import sys

import pytest

from projects.workspace import folders

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
        folders.clone_path(1, 1),
        folders.clone_path(1, 22),
        folders.home_path(1),
        folders.check_path(1, 3),
    ]
    for path in [*own, folders.clone_path(11, 1), root / "clones" / "junk"]:
        path.mkdir(parents=True)
    assert sorted(folders.paths_of(1)) == sorted(own)
    assert set(folders.found()) == {1, 11}


def test_a_folder_deeper_than_any_path_is_weighed_and_removed(root):
    top = folders.clone_path(1, 1)
    top.mkdir(parents=True)
    subprocess.run([sys.executable, "-c", DIG], cwd=top, check=True)
    assert folders.disk_usage(top) > 1_000_000
    folders.remove(top)
    assert not top.exists()


def test_a_write_protected_folder_is_removed(root):
    inner = folders.clone_path(1, 1) / "a" / "b"
    inner.mkdir(parents=True)
    (inner / "file").touch()
    inner.chmod(0o000)
    inner.parent.chmod(0o500)
    folders.remove(folders.clone_path(1, 1))
    assert not folders.clone_path(1, 1).exists()


def test_links_are_removed_and_not_followed(root, tmp_path):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").touch()
    path = folders.clone_path(1, 1)
    path.mkdir(parents=True)
    (path / "link").symlink_to(tmp_path / "precious")
    folders.remove(path)
    assert (tmp_path / "precious" / "file").exists()


def test_a_link_in_the_place_of_a_clone_is_removed_and_not_followed(root, tmp_path):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").touch()
    path = folders.clone_path(1, 1)
    path.parent.mkdir()
    path.symlink_to(tmp_path / "precious")
    assert folders.disk_usage(path) < 100_000
    folders.remove(path)
    assert (os.path.lexists(path), (tmp_path / "precious" / "file").exists()) == (False, True)


def test_clones_on_another_disk_by_a_link_are_removed(root, tmp_path):
    (tmp_path / "big").mkdir()
    (root / "clones").symlink_to(tmp_path / "big")
    folders.clone_path(1, 1).mkdir()
    folders.remove(folders.clone_path(1, 1))
    assert (list((tmp_path / "big").iterdir()), (root / "clones").is_symlink()) == ([], True)


def test_a_link_inside_of_a_clone_leads_to_nothing_that_is_removed(root, tmp_path):
    (tmp_path / "precious" / "tree").mkdir(parents=True)
    folders.clone_path(1, 1).mkdir(parents=True)
    (folders.clone_path(1, 1) / "link").symlink_to(tmp_path / "precious")
    with pytest.raises(ValueError, match="not in the workspace"):
        folders.remove(folders.clone_path(1, 1) / "link" / "tree")
    assert (tmp_path / "precious" / "tree").exists()


def test_what_is_not_there_weighs_nothing_and_is_removed_already(root):
    folders.remove(folders.clone_path(1, 1))
    assert folders.disk_usage(folders.clone_path(1, 1)) == 0


@pytest.mark.parametrize("path", ["..", ".", "../elsewhere", "clones/../.."])
def test_nothing_outside_the_workspace_is_removed(root, path, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    with pytest.raises(ValueError, match="not in the workspace"):
        folders.remove(root / path)
    assert os.path.lexists(tmp_path / "elsewhere")
