"""Reads what the mirror holds: commits, changed files, trees, blobs. Never writes, never looks at a checkout."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from git import Blob, Repo
from git import Commit as RepoCommit

SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True)
class Commit:
    """A commit as people see it in a list."""

    sha: str
    subject: str
    author: str


@dataclass(frozen=True)
class History:
    """The history in the bare repository at `path`. A revision is a full SHA that is in it, else ValueError."""

    path: Path

    def commits(self, base: str, head: str) -> list[Commit]:
        """What `head` has and `base` has not, newest first."""
        with self._opened(base, head) as repo:
            return [_commit(found) for found in repo.iter_commits(f"{base}..{head}")]

    def recent_commits(self, sha: str, paths: Sequence[str], *, limit: int) -> list[Commit]:
        """The last `limit` commits up to `sha` that touched one of `paths`, newest first."""
        if not paths:
            return []
        literal = [f":(literal){path}" for path in paths]
        with self._opened(sha) as repo:
            return [_commit(found) for found in repo.iter_commits(sha, paths=literal, max_count=limit)]

    def changed_files(self, base: str, head: str) -> list[str]:
        """The paths that differ between the two commits; of a rename both."""
        with self._opened(base, head) as repo:
            changes = repo.commit(base).diff(repo.commit(head))
            return sorted({path for change in changes for path in (change.a_path, change.b_path) if path})

    def list_files(self, sha: str) -> list[str]:
        """The paths of all files at a commit, symbolic links included."""
        with self._opened(sha) as repo:
            tree = repo.commit(sha).tree
            return [str(item.path) for item in tree.traverse() if isinstance(item, Blob)]

    def read_file(self, sha: str, path: str, *, max_bytes: int) -> bytes | None:
        """The first `max_bytes` of a regular file at a commit; None when there is no such file."""
        with self._opened(sha) as repo:
            try:
                found = repo.commit(sha).tree / path
            except KeyError:
                return None
            if not isinstance(found, Blob) or not stat.S_ISREG(found.mode):
                return None
            content: bytes = found.data_stream.read(max_bytes)
            return content

    @contextmanager
    def _opened(self, *revisions: str) -> Iterator[Repo]:
        for revision in revisions:
            if not SHA.fullmatch(revision):
                raise ValueError(f"{revision!r} is not a full SHA.")
        with Repo(self.path) as repo:
            yield repo


def _commit(found: RepoCommit) -> Commit:
    summary = (
        found.summary if isinstance(found.summary, str) else bytes(found.summary).decode(errors="replace")
    )
    return Commit(found.hexsha, summary, str(found.author.name or ""))
