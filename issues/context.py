"""What of a repository belongs to an issue: related files with excerpts, recent commits, configuration.

Reads one commit through a `History`; nothing is checked out and no program runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from issues import search
from issues.references import extract
from issues.sanitize import clean_line, make_visible
from issues.tree import Tree

FILES = 16
NAMED = 8
COMMITS = 6
EXCERPT_BYTES = 3_000
LINES_BEFORE = 8


class CommitLike(Protocol):
    @property
    def sha(self) -> str: ...
    @property
    def subject(self) -> str: ...


class History(Protocol):
    """How this module reads a repository; `projects/workspace/history.py` does it in the mirror."""

    def list_files(self, sha: str) -> Sequence[str]: ...
    def read_file(self, sha: str, path: str, *, max_bytes: int) -> bytes | None: ...
    def recent_commits(self, sha: str, paths: list[str], *, limit: int) -> Sequence[CommitLike]: ...


@dataclass(frozen=True)
class RelatedFile:
    path: str
    why: str
    excerpt: str = ""


@dataclass(frozen=True)
class Context:
    files: tuple[RelatedFile, ...] = ()
    recent_commits: tuple[str, ...] = ()  # "1a2b3c4 Subject", newest first
    configs: tuple[str, ...] = ()
    has_tests: bool = False


def build(issue_text: str, history: History, sha: str, *, budget_bytes: int) -> Context:
    """The context of an issue at commit `sha`, in at most `budget_bytes` of UTF-8.

    1. Files that the issue names.
    2. Files that define or mention its symbols, or hold the text of its errors.
    3. The tests of these, and their types in TypeScript.
    4. Excerpts, recent commits on these files and configuration, as far as the budget reaches.
    """
    references = extract(issue_text)
    tree = Tree(history.list_files(sha))
    contents: dict[str, str] = {}

    def read(path: str) -> str:
        if path not in contents:
            contents[path] = _text(history.read_file(sha, path, max_bytes=search.BYTES_OF_ONE))
        return contents[path]

    named = [path for reference in references.paths for path in tree.named(reference)][:NAMED]
    found = dict.fromkeys(named, ("named in the issue", 0))
    for hit in search.find(references, named + search.likeliest(tree.paths, issue_text), read):
        why = found.get(hit.path, (hit.why, 0))[0]
        found[hit.path] = (why, hit.position)
    for path in list(found):
        for test in tree.tests_of(path):
            found.setdefault(test, (f"tests of {path}", 0))
        for types in tree.types_of(path):
            found.setdefault(types, (f"types for {path}", 0))
    related = dict(list(found.items())[:FILES])
    commits = history.recent_commits(sha, list(related), limit=COMMITS) if related else ()
    budget = _Budget(budget_bytes)
    return Context(
        configs=tuple(path for path in tree.configs(related) if budget.takes(path)),
        recent_commits=tuple(line for commit in commits if budget.takes(line := _line(commit))),
        files=_files(related, read, budget),
        has_tests=tree.has_tests(),
    )


class _Budget:
    def __init__(self, size: int) -> None:
        self.left = size

    def takes(self, text: str) -> bool:
        """Whether `text` still fits; then it is paid for."""
        size = len(text.encode(errors="surrogateescape"))
        if size > self.left:
            return False
        self.left -= size
        return True


def _files(
    related: dict[str, tuple[str, int]], read: Callable[[str], str], budget: _Budget
) -> tuple[RelatedFile, ...]:
    listed = [(path, why, position) for path, (why, position) in related.items() if budget.takes(path + why)]
    files = []
    for path, why, position in listed:
        excerpt = _excerpt(read(path), position, limit=min(EXCERPT_BYTES, budget.left))
        files.append(RelatedFile(path, why, excerpt if budget.takes(excerpt) else ""))
    return tuple(files)


def _excerpt(text: str, position: int, *, limit: int) -> str:
    """Whole lines around `position`, a few of them before it, in at most `limit` bytes."""
    lines = text.split("\n")
    first = max(0, text.count("\n", 0, position) - LINES_BEFORE)
    if len(text.encode()) <= limit:
        first = 0
    kept, size = [], 0
    for line in lines[first:]:
        size += len(line.encode()) + 1
        if size > limit:
            break
        kept.append(line)
    return make_visible("\n".join(kept)).strip("\n")


def _text(data: bytes | None) -> str:
    return "" if data is None or b"\0" in data else data.decode(errors="replace")


def _line(commit: CommitLike) -> str:
    return f"{commit.sha[:10]} {clean_line(commit.subject, limit=120)}"
