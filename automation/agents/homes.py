"""Writing our files into an agent's home, where an earlier run may have left links that lead elsewhere."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
FILE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW


def write_files(home: Path, files: Mapping[str, bytes | Path]) -> None:
    """Write each file below `home`, or copy it there, through no link: what is in the way is removed."""
    home.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        data = content.read_bytes() if isinstance(content, Path) else content
        *folders, last = PurePosixPath(name).parts
        with_folder = os.open(home, FOLDER_FLAGS)
        try:
            for folder in folders:
                with_folder = _descend(with_folder, folder)
            _remove(with_folder, last)
            with os.fdopen(os.open(last, FILE_FLAGS, 0o600, dir_fd=with_folder), "wb") as file:
                file.write(data)
        finally:
            os.close(with_folder)


def _descend(parent: int, name: str) -> int:
    """The folder `name` in `parent`, made if need be; closes `parent`."""
    if not _is_folder(parent, name):
        _remove(parent, name)
        os.mkdir(name, 0o700, dir_fd=parent)
    folder = os.open(name, FOLDER_FLAGS, dir_fd=parent)
    os.close(parent)
    return folder


def _is_folder(parent: int, name: str) -> bool:
    try:
        return stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return False


def _remove(parent: int, name: str) -> None:
    if _is_folder(parent, name):
        shutil.rmtree(name, dir_fd=parent)
    else:
        try:
            os.unlink(name, dir_fd=parent)
        except FileNotFoundError:
            return
