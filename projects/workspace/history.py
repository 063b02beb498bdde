"""Reads what the mirror holds: commits, changed files, trees, blobs. Never writes, never looks at a checkout."""

from __future__ import annotations

import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass

from git import Blob, Repo
from git import Commit as RepoCommit

SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True)
class Commit:
    """A commit as people see it in a list."""

    sha: str
    subject: str
    author: str


class History:
    """The history in an opened repository. A revision is a full SHA that is in it, else ValueError."""

    def __init__(self, repo: Repo) -> None:
        self._repo = repo
        self._indexed: dict[str, dict[str, Blob]] = {}

    def commits(self, base: str, head: str) -> list[Commit]:
        """What `head` has and `base` has not, newest first."""
        _check(base, head)
        return [_commit(found) for found in self._repo.iter_commits(f"{base}..{head}")]

    def recent_commits(self, sha: str, paths: Sequence[str], *, limit: int) -> list[Commit]:
        """The last `limit` commits up to `sha` that touched one of `paths`, newest first."""
        _check(sha)
        if not paths:
            return []
        literal = [f":(literal){path}" for path in paths]
        return [_commit(found) for found in self._repo.iter_commits(sha, paths=literal, max_count=limit)]

    def changed_files(self, base: str, head: str) -> list[str]:
        """The paths that differ between the two commits; of a rename both."""
        _check(base, head)
        changes = self._repo.commit(base).diff(self._repo.commit(head))
        return sorted({path for change in changes for path in (change.a_path, change.b_path) if path})

    def list_files(self, sha: str) -> list[str]:
        """The paths of all files at a commit, symbolic links included."""
        return list(self._files(sha))

    def read_file(self, sha: str, path: str, *, max_bytes: int) -> bytes | None:
        """The first `max_bytes` of a regular file at a commit; None when there is no such file."""
        found = self._files(sha).get(path)
        if found is None or not stat.S_ISREG(found.mode):
            return None
        content: bytes = found.data_stream.read(max_bytes)
        return content

    def _files(self, sha: str) -> dict[str, Blob]:
        """Every file by its path: walking down to each one would parse the same large folders again and again."""
        _check(sha)
        if sha not in self._indexed:
            items = self._repo.commit(sha).tree.traverse()
            self._indexed[sha] = {str(item.path): item for item in items if isinstance(item, Blob)}
        return self._indexed[sha]


def _check(*revisions: str) -> None:
    for revision in revisions:
        if not SHA.fullmatch(revision):
            raise ValueError(f"{revision!r} is not a full SHA.")


def _commit(found: RepoCommit) -> Commit:
    summary = (
        found.summary if isinstance(found.summary, str) else bytes(found.summary).decode(errors="replace")
    )
    return Commit(found.hexsha, summary, str(found.author.name or ""))
