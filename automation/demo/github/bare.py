"""The git side of a stand-in repository: a bare repository, read and merged with git's plumbing commands.

The stand-in plays a remote server, so it starts git itself, with an environment of its own.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

GIT_ENVIRONMENT = {
    "PATH": os.defpath,
    "LANG": "C.UTF-8",
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
}
HOOK = """#!/bin/sh
# Refuses pushes to protected branches in GitHub's words.
while read -r old new ref; do
  if printf '%s' "${ref#refs/heads/}" | grep -qE -- PATTERN; then
    echo "error: GH006: Protected branch update failed for $ref." >&2
    echo "error: "MESSAGE >&2
    exit 1
  fi
done
"""


class GitFailed(Exception):
    """Git ended with an error; the text is what it said."""


@dataclass(frozen=True)
class CommitFacts:
    sha: str
    tree: str
    parents: tuple[str, ...]
    author_name: str
    author_email: str
    authored_at: str
    message: str


class BareRepository:
    """What it says about two commits, `base` and `head` by their ids, never changes and is asked of git once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._said: dict[tuple[str, ...], str] = {}

    @classmethod
    def create(cls, path: Path, default_branch: str) -> BareRepository:
        path.mkdir(parents=True)
        bare = cls(path)
        bare.git("init", "--quiet", "--bare", f"--initial-branch={default_branch}", ".")
        bare.git("config", "receive.fsckObjects", "true")
        bare.git("config", "gc.auto", "0")
        return bare

    def git(self, *args: str, stdin: bytes = b"", identity: str = "GitHub") -> str:
        env = GIT_ENVIRONMENT | {"GIT_DIR": str(self.path)}
        for role in ("AUTHOR", "COMMITTER"):
            env[f"GIT_{role}_NAME"] = identity
            env[f"GIT_{role}_EMAIL"] = f"{identity}@users.noreply.github.invalid"
        done = subprocess.run(
            ["git", *args], cwd=self.path, env=env, input=stdin, capture_output=True, timeout=120, check=False
        )
        if done.returncode != 0:
            raise GitFailed((done.stderr or done.stdout).decode(errors="replace").strip())
        return done.stdout.decode(errors="replace")

    def _git_once(self, *args: str) -> str:
        if args not in self._said:
            self._said[args] = self.git(*args)
        return self._said[args]

    def branches(self) -> dict[str, str]:
        listed = self.git("for-each-ref", "--format=%(objectname) %(refname:lstrip=2)", "refs/heads")
        return {name: sha for sha, _, name in (line.partition(" ") for line in listed.splitlines())}

    def resolve(self, name: str) -> str | None:
        """The commit a branch, full reference or SHA stands for."""
        for candidate in (f"refs/heads/{name}", name):
            try:
                return self.git(
                    "rev-parse", "--verify", "--quiet", "--end-of-options", candidate + "^{commit}"
                ).strip()
            except GitFailed:
                continue
        return None

    def merge_base(self, base: str, head: str) -> str | None:
        try:
            return self.git("merge-base", base, head).strip()
        except GitFailed:
            return None

    def commits(self, base: str, head: str) -> list[CommitFacts]:
        """Commits of `head` that `base` lacks, oldest first."""
        form = "%H%x00%T%x00%P%x00%an%x00%ae%x00%aI%x00%B%x00%x01"
        log = self._git_once("log", "--reverse", f"--format={form}", f"{base}..{head}")
        found = []
        for record in log.split("\x01")[:-1]:
            sha, tree, parents, name, email, at, message, _ = record.strip("\n").split("\x00")
            found.append(CommitFacts(sha, tree, tuple(parents.split()), name, email, at, message.strip()))
        return found

    def diff(self, base: str, head: str, *options: str) -> str:
        return self._git_once("diff", "--no-ext-diff", *options, f"{base}...{head}")

    def merged_tree(self, base: str, head: str) -> str | None:
        """The tree of a merge of both, or None when they conflict."""
        try:
            return self._git_once("merge-tree", "--write-tree", base, head).split()[0]
        except GitFailed:
            return None

    def merge(self, *, into: str, head: str, message: str, by: str) -> str | None:
        """Make a real merge commit on the branch `into`; None when the two conflict."""
        base = self.git("rev-parse", f"refs/heads/{into}").strip()
        tree = self.merged_tree(base, head)
        if tree is None:
            return None
        args = ("commit-tree", tree, "-p", base, "-p", head)
        sha = self.git(*args, stdin=message.encode(), identity=by).strip()
        self.git("update-ref", f"refs/heads/{into}", sha, base)
        return sha

    def protect(self, pattern: str, message: str) -> None:
        """From now on refuse pushes to branches that the (extended) regular expression finds."""
        hook = self.path / "hooks" / "pre-receive"
        hook.parent.mkdir(exist_ok=True)
        script = HOOK.replace("PATTERN", shlex.quote(pattern)).replace("MESSAGE", shlex.quote(message))
        hook.write_text(script)
        hook.chmod(0o755)
