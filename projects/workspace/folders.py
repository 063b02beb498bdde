"""The folders of this host's workspace: where they lie, whose they are, what they weigh, and their removal.

<root>/mirrors/<project>  clones/<session>-<fence>  homes/<session>  checks/<session>-<fence>
"""

from __future__ import annotations

import os
from pathlib import Path

from django.conf import settings

from projects.errors import OperatorError
from projects.workspace.processes import Stop, run

PER_SESSION = ("clones", "homes", "checks")
MINUTES = 30 * 60


def clone_path(session_id: int, fence: int) -> Path:
    return _root() / "clones" / f"{session_id}-{fence}"


def home_path(session_id: int) -> Path:
    return _root() / "homes" / str(session_id)


def check_path(session_id: int, fence: int) -> Path:
    return _root() / "checks" / f"{session_id}-{fence}"


def found() -> dict[int, list[Path]]:
    """Every session's folders on this host, whatever fence they were made under."""
    places: dict[int, list[Path]] = {}
    for kind in PER_SESSION:
        for path in sorted((_root() / kind).glob("*")):
            name = path.name.partition("-")[0]
            if name.isdigit():
                places.setdefault(int(name), []).append(path)
    return places


def paths_of(session_id: int) -> list[Path]:
    """Every folder of one session that is here, whatever fence it was made under."""
    found = [path for kind in PER_SESSION for path in (_root() / kind).glob(f"{session_id}*")]
    return [path for path in found if path.name.partition("-")[0] == str(session_id)]


def remove(path: Path) -> None:
    """Remove a folder of the workspace, however deep, large or write-protected. What is not there is fine.

    A link in its place is removed, never followed. Raises OperatorError `workspace.not_removed`. Programs do it,
    since no recursion of ours gets to the bottom of what an agent can build.
    """
    if not _is_inside(path):
        raise ValueError(f"{path} is not in the workspace.")
    if os.path.lexists(path) and (problem := _run("rm", "-rf", "--", str(path))):
        if not path.is_symlink():
            _run("chmod", "-R", "u+rwX", "--", str(path))
            problem = _run("rm", "-rf", "--", str(path))
        if problem:
            raise OperatorError(
                "workspace.not_removed",
                f"{path} could not be removed: {problem}",
                "Remove it by hand.",
            )


def _is_inside(path: Path) -> bool:
    """The first folder below the root may be a link to another disk; on the way from there no link leads out."""
    if path == _root() or not path.is_relative_to(_root()) or ".." in path.parts:
        return False
    first = _root() / path.relative_to(_root()).parts[0]
    return path == first or path.parent.resolve().is_relative_to(first.resolve())


def disk_usage(path: Path, *, stop: Stop | None = None) -> int:
    """The bytes that a folder takes on disk; 0 when it is not there."""
    done = run(["du", "-s", "-B1", "-x", "--", str(path)], env=_ENV, timeout=MINUTES, stop=stop)
    weight = done.stdout.split(maxsplit=1)
    return int(weight[0]) if weight else 0


_ENV = {"PATH": os.defpath, "LC_ALL": "C.UTF-8"}


def _run(*argv: str) -> str:
    """What the program complained about, nothing when it worked."""
    done = run(argv, env=_ENV, timeout=MINUTES)
    return "" if done.returncode == 0 else done.stderr.decode(errors="replace")[-500:] or "it failed"


def _root() -> Path:
    root: Path = settings.AUTOWRKERS_WORKSPACE_ROOT
    return root
