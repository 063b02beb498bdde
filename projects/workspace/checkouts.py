"""The folders made from a mirror: a clone for a session's agent, its home, a throwaway checkout for the checks.

Once an agent could write to a folder, we run git on it only inside the sandbox.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from projects.errors import AutowrkersError
from projects.workspace.folders import remove
from projects.workspace.git import Git, init_repository
from projects.workspace.mirror import Mirror
from projects.workspace.sandbox import AGENT_HOME, INSIDE, Bind

NAME, EMAIL = "Autowrkers", "autowrkers@localhost"
CONFIGURATION = f"[user]\n\tname = {NAME}\n\temail = {EMAIL}\n[gc]\n\tauto = 0\n"
# What tools leave behind and nobody wants in a commit, wherever the repository itself does not say so.
NEVER_COMMITTED = (
    *("__pycache__/", "*.pyc", ".pytest_cache/", ".mypy_cache/", ".ruff_cache/", ".venv/", "*.egg-info/"),
    *("node_modules/", ".aider*", ".DS_Store"),
)


def make_clone(mirror: Mirror, path: Path, *, branch: str, start_sha: str) -> None:
    """A clone for an agent: `branch` checked out at `start_sha`, borrowing the mirror's objects.

    It knows no remote, no token and no hook. What was at `path` is removed.
    """
    _make(mirror, path, branch=branch, sha=start_sha)
    exclude = path / ".git" / "info" / "exclude"
    exclude.parent.mkdir(exist_ok=True)
    exclude.write_text("".join(f"{pattern}\n" for pattern in NEVER_COMMITTED))


@contextmanager
def checkout(mirror: Mirror, sha: str, path: Path) -> Iterator[Path]:
    """A clean checkout of a commit of the mirror, gone afterwards. It is a repository too: builds ask git things."""
    _make(mirror, path, branch=None, sha=sha)
    try:
        yield path
    finally:
        remove(path)


def adopt(old: Path, new: Path) -> None:
    """Take over the clone of an earlier holder of the session under the new fence's path."""
    new.parent.mkdir(parents=True, exist_ok=True)
    old.rename(new)


def clone_bind(clone: Path) -> Bind:
    return Bind(clone, INSIDE, writable=True)


def home_bind(home: Path) -> Bind:
    return Bind(home, AGENT_HOME, writable=True)


def agent_binds(mirror: Mirror, clone: Path, home: Path) -> list[Bind]:
    """What a sandboxed program sees of us: the clone, the home, and the objects that the clone borrows."""
    objects = mirror.path / "objects"
    return [clone_bind(clone), home_bind(home), Bind(objects, objects, writable=False)]


def _make(mirror: Mirror, path: Path, *, branch: str | None, sha: str) -> None:
    try:
        _populate(mirror, path, branch=branch, sha=sha)
    except AutowrkersError as error:
        if error.code != "git.corrupt":
            raise
        mirror.rebuild()
        _populate(mirror, path, branch=branch, sha=sha)


def _populate(mirror: Mirror, path: Path, *, branch: str | None, sha: str) -> None:
    remove(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    init_repository(path, bare=False, branch=branch or "main")
    own = path / ".git"
    (own / "objects" / "info" / "alternates").write_text(f"{mirror.path / 'objects'}\n")
    with (own / "config").open("a") as config:
        config.write(CONFIGURATION)
    if branch is None:
        (own / "HEAD").write_text(f"{sha}\n")
    Git(own, work_tree=path, stop=mirror.stop).run("reset", "--hard", "--quiet", sha)
