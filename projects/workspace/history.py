"""Reads what the mirror holds: commits, changed files, trees, blobs. Never writes, never looks at a checkout."""

from __future__ import annotations

import configparser
import re
import stat
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from git import Blob, GitError, Repo
from git import Commit as RepoCommit

from projects.errors import OperatorError

SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
SETTINGS = ("-c", "core.quotePath=false", "-c", "core.bigFileThreshold=8m")  # what is larger counts as binary
PATCH = (*SETTINGS, "diff-tree", "-r", "-M", "--no-ext-diff", "--no-textconv", "--no-color")
PATCH_SECONDS = 30.0
COUNTED = re.compile(r"(\d+) (file|insertion|deletion)")


@dataclass(frozen=True)
class Size:
    """How much differs between two commits."""

    files: int
    added: int
    removed: int


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

    @contextmanager
    def patch(self, base: str, head: str, *, seconds: float = PATCH_SECONDS) -> Iterator[IO[bytes]]:
        """What leads from `base` to `head`, as git writes it while it is read.

        Raises OperatorError at the end of the block: `git.not_here` when the commits could not be read,
        `git.too_slow` when git was ended after `seconds`.
        """
        _check(base, head)
        process = self._repo.git.execute(["git", *PATCH, "-p", base, head], as_process=True)
        output: IO[bytes] = process.stdout
        limit = threading.Timer(seconds, process.terminate)
        limit.start()
        try:
            yield output
            if not output.read(1):
                process.wait()
        except GitError as error:
            raise (_not_here() if limit.is_alive() else _too_slow()) from error
        finally:
            limit.cancel()
            if process.proc is not None:
                process.proc.kill()
                process.proc.communicate()

    def sizes(self, pairs: Iterable[tuple[str, str]]) -> dict[str, Size]:
        """For each (base, head) how much differs, by `head`, without those that are not here."""
        known = {head: base for base, head in pairs if self._holds(base) and self._holds(head)}
        with tempfile.TemporaryFile() as lines:
            lines.write("".join(f"{head} {base}\n" for head, base in known.items()).encode())
            lines.seek(0)
            words = ["git", *PATCH, "--shortstat", "--stdin"]
            try:
                output = str(self._repo.git.execute(words, istream=lines)) if known else ""
            except GitError:
                return {}
        sizes = {head: Size(0, 0, 0) for head in known}
        head = ""
        for line in output.splitlines():
            if line in known:
                head = line
            elif head:
                counts = {noun: int(number) for number, noun in COUNTED.findall(line)}
                sizes[head] = Size(*(counts.get(noun, 0) for noun in ("file", "insertion", "deletion")))
        return sizes

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

    def _holds(self, sha: str) -> bool:
        try:
            return bool(SHA.fullmatch(sha)) and self._repo.commit(sha) is not None
        except ValueError:
            return False

    def _files(self, sha: str) -> dict[str, Blob]:
        """Every file by its path: walking down to each one would parse the same large folders again and again."""
        _check(sha)
        if sha not in self._indexed:
            items = self._repo.commit(sha).tree.traverse()
            self._indexed[sha] = {str(item.path): item for item in items if isinstance(item, Blob)}
        return self._indexed[sha]


@contextmanager
def reading(path: Path) -> Iterator[History]:
    """The history of the mirror at `path`. Raises OperatorError `git.not_here` when there is none."""
    try:
        repo = Repo(path)
    except (GitError, configparser.Error, OSError, ValueError) as error:  # none, or damaged settings
        raise _not_here() from error
    with repo:
        yield History(repo)


def _not_here() -> OperatorError:
    return OperatorError(
        "git.not_here",
        "The commits are not on this host or cannot be read: not fetched yet, cleared away, damaged, "
        "or kept by another worker.",
        "They come back with the next work on this project.",
    )


def _too_slow() -> OperatorError:
    return OperatorError(
        "git.too_slow", "The diff is so large that making it takes too long.", "Look at it in a clone."
    )


def _check(*revisions: str) -> None:
    for revision in revisions:
        if not SHA.fullmatch(revision):
            raise ValueError(f"{revision!r} is not a full SHA.")


def _commit(found: RepoCommit) -> Commit:
    summary = (
        found.summary if isinstance(found.summary, str) else bytes(found.summary).decode(errors="replace")
    )
    return Commit(found.hexsha, summary, str(found.author.name or ""))
