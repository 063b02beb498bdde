"""What lies uncommitted in a clone: an agent's leftovers are committed, those of a setup command forgotten.

An agent could write to the clone, so git runs inside the sandbox, and what it prints is not trusted.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Timer

from projects.errors import Cancelled
from projects.workspace.checkouts import EMAIL, NAME, clone_bind
from projects.workspace.diagnosis import broken_clone, explain
from projects.workspace.processes import Finished, Stop, run
from projects.workspace.sandbox import INSIDE, Bind, Sandbox

STATUS_BYTES = 64 * 2**20
# So many new files are excluded by their folders, since each pattern costs git time for every file.
MANY = 1000
NOT_LITERAL = re.compile(rb"[\\*?\[\s]")
TIDYING_SECONDS = 5.0


def commit_leftovers(
    clone: Path, *, sandbox: Sandbox, binds: Sequence[Bind], message: str, stop: Stop | None = None
) -> bool:
    """Commit what an agent left uncommitted. Whether there was anything.

    Raises OperatorError `git.clone_broken` when the clone is no usable repository any more, and Cancelled.
    """
    inside = _GitInside(sandbox, binds, sandbox.path_inside(clone_bind(clone)), stop)
    _remove_lock(inside, clone)
    if not inside.git("status", "--porcelain", "--untracked-files=normal").stdout:
        return False
    inside.git("add", "--all", "--ignore-errors", accepted=(0, 1, 128))  # one bad file spoils not the rest
    made = inside.git(
        "commit", "--quiet", "--no-verify", "--no-gpg-sign", "--message", message, accepted=(0, 1)
    )
    return made.returncode == 0  # 1: nothing of it could be added


@contextmanager
def forgotten(clone: Path, *, sandbox: Sandbox, binds: Sequence[Bind], stop: Stop | None) -> Iterator[None]:
    """What the block leaves in the clone is nobody's work: new files are excluded, changed ones restored.

    What was uncommitted before stays so. Raises OperatorError `git.clone_broken`, and Cancelled.
    """
    inside = _GitInside(sandbox, binds, sandbox.path_inside(clone_bind(clone)), stop)
    _remove_lock(inside, clone)
    before = inside.status("all")
    try:
        yield
    finally:
        _remove_lock(inside, clone)
        with _at_least(inside, TIDYING_SECONDS):
            _forget(inside, before)


def _forget(inside: _GitInside, before: _Status) -> None:
    after = inside.status("all")
    changed, untracked = after.changed - before.changed, after.untracked - before.untracked
    if len(untracked) > MANY:
        known = before.untracked | before.changed
        folders = inside.status("normal").untracked
        untracked = {path for path in folders if not any(old.startswith(path) for old in known)}
    if untracked:
        patterns = b"".join(b"/" + NOT_LITERAL.sub(b"?", path) + b"\n" for path in sorted(untracked))
        inside.shell("mkdir -p .git/info && cat >> .git/info/exclude", stdin=patterns)
    if changed:
        restore = ("restore", "--source=HEAD", "--staged", "--worktree", "--pathspec-from-file=-")
        paths = b"".join(path + b"\0" for path in sorted(changed))
        inside.git(*restore, "--pathspec-file-nul", stdin=paths, accepted=(0, 1))


@contextmanager
def _at_least(inside: _GitInside, seconds: float) -> Iterator[None]:
    """When the stop is there already, some time all the same."""
    if inside.stop is None or not inside.stop.is_set():
        yield
        return
    inside.stop = Stop()
    timer = Timer(seconds, inside.stop.request, ["time is up"])
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _remove_lock(inside: _GitInside, clone: Path) -> None:
    if os.path.lexists(clone / ".git" / "index.lock"):  # of a git that was killed
        inside.shell("rm -f .git/index.lock")


@dataclass(frozen=True)
class _Status:
    """The paths that differ from the head: of tracked files, and of others."""

    changed: set[bytes] = field(default_factory=set)
    untracked: set[bytes] = field(default_factory=set)


class _GitInside:
    """git where an agent worked: in the sandbox, without network, none of its hooks, its output not trusted."""

    def __init__(self, sandbox: Sandbox, binds: Sequence[Bind], place: Path, stop: Stop | None) -> None:
        self.sandbox = sandbox
        self.binds = binds
        self.stop = stop
        settings = {
            "core.fsmonitor": "false",
            "core.hooksPath": "/dev/null",
            "safe.directory": str(place),
            "user.email": EMAIL,
            "user.name": NAME,
        }
        self.line = ["git", "--no-pager", *(word for k, v in settings.items() for word in ("-c", f"{k}={v}"))]
        self.line.append("--literal-pathspecs")

    def git(self, *args: str, stdin: bytes = b"", accepted: Sequence[int] = (0,)) -> Finished:
        return self._run([*self.line, *args], args, stdin, accepted)

    def shell(self, line: str, *, stdin: bytes = b"") -> None:
        self._run(["sh", "-c", line], ("sh",), stdin, (0, 1))

    def status(self, untracked: str) -> _Status:
        found = _Status()
        done = self.git("status", "--porcelain", "-z", "--no-renames", f"--untracked-files={untracked}")
        for entry in done.stdout.split(b"\0"):
            (found.untracked if entry[:2] == b"??" else found.changed).add(entry[3:])
        found.changed.discard(b"")
        return found

    def _run(self, argv: list[str], args: Sequence[str], stdin: bytes, accepted: Sequence[int]) -> Finished:
        wrapped = self.sandbox.wrap(argv, binds=self.binds, chdir=INSIDE, env={}, network=False)
        done = run(
            wrapped.argv,
            env=wrapped.env,
            cwd=wrapped.cwd,
            timeout=600,
            stdin=stdin,
            stop=self.stop,
            max_output_bytes=STATUS_BYTES,
        )
        if done.stopped:
            raise Cancelled("git.stopped", "Work on what lies in the clone was stopped on request.")
        if done.timed_out or done.returncode not in accepted:
            raise broken_clone(explain(args, done.returncode, done.stderr.decode(errors="replace")))
        return done
