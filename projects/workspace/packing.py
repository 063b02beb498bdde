"""Keeping a mirror's objects few and quick to read, without ever losing one that a session's clone borrows.

Nothing is pruned: what no ref leads to any more is packed with the rest.
"""

from __future__ import annotations

from projects.workspace.git import Git

SAMPLE = "17"  # one of the 256 folders of loose objects, which fill evenly
LOOSE_IN_SAMPLE = 27  # some 7,000 in all, as git's own housekeeping counts
PACKS = 50
LONGEST_SECONDS = 1800.0
ALL_IN_ONE = ("repack", "-a", "-d", "-l", "-q", "--keep-unreachable")
LOOSE_ONES = ("repack", "-d", "-l", "-q")


def pack(git: Git) -> bool:
    """Pack what has become many, if it has. The caller has the mirror for itself."""
    objects = git.git_dir / "objects"
    if len(list((objects / "pack").glob("*.pack"))) > PACKS:
        git.run(*ALL_IN_ONE, timeout=LONGEST_SECONDS)
    elif len(list((objects / SAMPLE).glob("*"))) > LOOSE_IN_SAMPLE:
        git.run(*LOOSE_ONES, timeout=LONGEST_SECONDS)
    else:
        return False
    return True
