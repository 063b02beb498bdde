"""The project's mirror: a bare repository of ours that follows the remote's branches and takes in what agents did.

It holds `refs/heads/*` as on the remote, and under `refs/autowrkers/` what the remote cannot touch: the imported
head of each session, and a ref that keeps alive the objects which a session's clone borrows.
"""

from __future__ import annotations

import fcntl
import logging
import os
import shlex
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO
from urllib.parse import quote

from django.utils import timezone

from projects.errors import AutowrkersError, Cancelled, OperatorError, Retryable
from projects.workspace.diagnosis import broken_clone
from projects.workspace.git import Git, Remote, init_repository
from projects.workspace.history import History, reading
from projects.workspace.packing import pack
from projects.workspace.processes import Stop
from projects.workspace.sandbox import INSIDE, Bind, Sandbox

logger = logging.getLogger(__name__)

LOCK_SECONDS = 600.0
FETCHED = "autowrkers-fetched"  # a file that git does not know
FETCH = ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--force")
LISTING = ("ls-tree", "-r", "-t", "-z", "--name-only")
LISTING_BYTES = 32 * 2**20  # some 500,000 files; a few objects can stand for billions of them
OURS = "+refs/autowrkers/*:refs/autowrkers/*"
CHECKED = ("-c", "fetch.fsckObjects=true")
LEFT_HALF_DONE = ("*.lock", "refs/**/*.lock", "objects/pack/tmp_*")


class Mirror:
    """The mirror in `path` of the repository at `remote`. One writer at a time on this host."""

    def __init__(
        self, path: Path, remote: Remote, *, stop: Stop | None = None, lock_seconds: float = LOCK_SECONDS
    ) -> None:
        """`lock_seconds`: how long another one who is at the mirror is waited for."""
        self.path = path
        self.lock_seconds = lock_seconds
        self.remote = remote
        self.stop = stop
        self.git = Git(path, stop=stop)

    def fetch(self) -> None:
        """Follow the remote's branches. A mirror that is missing is made, a damaged one rebuilt from the remote."""
        began = timezone.now().timestamp()
        with self._alone():
            try:
                self._follow()
                pack(self.git)
            except AutowrkersError as error:
                if error.code != "git.corrupt":
                    raise
                logger.warning("mirror=%s is damaged and will be rebuilt: %s", self.path.name, error.message)
                self._rebuild()
            stamp = self.path / FETCHED
            stamp.touch()
            os.utime(stamp, (began, began))

    def rebuild(self) -> None:
        """Move the mirror aside and make it anew, with what of our own refs can still be read."""
        with self._alone():
            self._rebuild()

    def is_empty(self) -> bool:
        """Whether the remote had no branch at all at the last fetch."""
        return not self._refs("refs/heads")

    def branch_sha(self, branch: str) -> str | None:
        """Where a branch of the remote was at the last fetch."""
        name = f"refs/heads/{branch}"
        return self._refs(name).get(name)

    def remote_branches(self) -> dict[str, str]:
        """Every branch of the remote and its SHA, asked of the remote now."""
        lines = self.git.run("ls-remote", "--heads", "--", self.remote.url, remote=self.remote, timeout=120)
        pairs = (line.split("\t", 1) for line in lines.splitlines())
        return {name.removeprefix("refs/heads/"): sha for sha, name in pairs}

    @contextmanager
    def history(self) -> Iterator[History]:
        """Its commits and files, for reading: git runs beside us until the end of the block."""
        with reading(self.path) as history:
            yield history

    def session_sha(self, session_id: int) -> str | None:
        """The head last imported for a session."""
        name = _session_ref(session_id)
        return self._refs(name).get(name)

    def has(self, sha: str) -> bool:
        """Whether a commit is here. A mirror that was never fetched has none."""
        if not (self.path / "HEAD").is_file():
            return False
        said = self.git.run("cat-file", "--batch-check=%(objecttype)", stdin=f"{sha}\n".encode())
        return said.strip() == "commit"

    def fetch_commit(self, session_id: int, sha: str) -> None:
        """Ask the remote for a commit that no branch of it leads to any more, and keep it for the session."""
        target = ("--", self.remote.url, f"+{sha}:{_keep_ref(session_id)}")
        with self._alone():
            self.git.run(*CHECKED, *FETCH, *target, remote=self.remote, timeout=3600)

    def bundle(self, path: Path, *, session_id: int, base_sha: str) -> None:
        """Write what the session's imported head adds to `base_sha` to a file, and look whether it can be read."""
        self.git.run("bundle", "create", "--quiet", str(path), _session_ref(session_id), f"^{base_sha}")
        self.git.run("bundle", "verify", "--quiet", str(path))

    def import_bundle(self, path: Path, *, session_id: int, head_sha: str) -> None:
        """Take in such a file, every object checked, if it leads to `head_sha`."""
        name, incoming = _session_ref(session_id), f"refs/autowrkers/incoming/{session_id}"
        with self._alone():
            self.git.run(*CHECKED, *FETCH, "--", str(path), f"+{name}:{incoming}", local=True)
            found = self._refs(incoming).get(incoming)
            verdict = f"update {name} {head_sha}\n" if found == head_sha else ""
            self.git.run("update-ref", "--stdin", stdin=f"{verdict}delete {incoming}\n".encode())

    def keep(self, session_id: int, sha: str) -> None:
        """Keep the objects below `sha`, which the session's clone borrows, whatever the remote does."""
        with self._alone():
            self.git.run("update-ref", _keep_ref(session_id), sha)

    def release(self, session_id: int) -> None:
        """Forget a session: its clone is gone, and its head is pushed or not wanted."""
        with self._alone():
            for name in (_keep_ref(session_id), _session_ref(session_id)):
                self.git.run("update-ref", "-d", name)

    def import_head(self, clone: Path, *, session_id: int, base_sha: str, sandbox: Sandbox) -> str:
        """Take in the commit at the HEAD of an agent's clone and return its SHA.

        The side that reads the clone runs in the sandbox, so the clone can give only what the agent could read.
        Raises OperatorError `git.clone_broken`, or `git.too_large` when its files are so many that nobody could read
        their names, or, unless `base_sha` is an ancestor, `git.history_rewritten`.
        """
        incoming = f"refs/autowrkers/incoming/{session_id}"
        with self._alone():
            sha = self._take_in(clone, incoming, sandbox)
            is_built_on_base = not self.git.run("rev-list", "--max-count=1", base_sha, f"^{sha}")
            is_readable = self.git.says_at_most(LISTING_BYTES, *LISTING, sha)
            is_fine = is_built_on_base and is_readable
            verdict = f"update {_session_ref(session_id)} {sha}\n" if is_fine else ""
            Git(self.path).run("update-ref", "--stdin", stdin=f"{verdict}delete {incoming}\n".encode())
        if not is_readable:
            raise OperatorError(
                "git.too_large",
                f"The agent's head {sha[:12]} has too many files: their names exceed {LISTING_BYTES // 2**20} MB.",
                "Retry the session: it starts again from a fresh clone.",
            )
        if not is_built_on_base:
            raise OperatorError(
                "git.history_rewritten",
                f"The agent's head {sha[:12]} does not build on {base_sha[:12]}, where its work began.",
                "Retry the session: it starts again from a fresh clone.",
            )
        return sha

    def push(self, sha: str, branch: str, *, expected: str | None) -> None:
        """Set the remote's branch to `sha`, only if it is where `expected` says; None: only if it is not there.

        Raises OperatorError `git.branch_behind` when somebody else moved it, `git.rejected` when a rule forbids it.
        """
        name = f"refs/heads/{branch}"
        lease = f"--force-with-lease={name}:{expected or ''}"
        target = (self.remote.url, f"{sha}:{name}")
        self.git.run("push", "--quiet", "--no-verify", lease, "--", *target, remote=self.remote)

    def _follow(self) -> None:
        init_repository(self.path, bare=True)
        branches = ("--", self.remote.url, "+refs/heads/*:refs/heads/*")
        self.git.run(*FETCH, "--prune", *branches, remote=self.remote, timeout=3600)

    def _rebuild(self) -> None:
        """Build beside the damaged mirror and swap: as long as the remote is out of reach nothing is lost."""
        fresh_path, damaged_path = (
            self.path.with_name(f"{self.path.name}.{end}") for end in ("new", "damaged")
        )
        shutil.rmtree(fresh_path, ignore_errors=True)
        fresh = Mirror(fresh_path, self.remote, stop=self.stop)
        fresh._follow()
        try:
            fresh.git.run(*FETCH, "--", _as_url(self.path), OURS, local=True)
        except Cancelled:
            raise
        except AutowrkersError as error:
            logger.warning("mirror=%s: imported heads could not be read: %s", self.path.name, error.message)
        shutil.rmtree(damaged_path, ignore_errors=True)
        self.path.rename(damaged_path)
        fresh_path.rename(self.path)

    def _take_in(self, clone: Path, ref: str, sandbox: Sandbox) -> str:
        served = Bind(clone, INSIDE, writable=False)
        objects = Bind(self.path / "objects", self.path / "objects", writable=False)
        place = sandbox.path_inside(served)
        serve = ["git", "-c", f"safe.directory={place}", "upload-pack"]
        wrapped = sandbox.wrap(serve, binds=[served, objects], chdir=INSIDE, env={}, network=False)
        pack = shlex.join(["env", "-i", *(f"{k}={v}" for k, v in wrapped.env.items()), *wrapped.argv])
        try:
            self.git.run(
                *CHECKED, *FETCH, "--upload-pack", pack, "--", _as_url(place), f"+HEAD:{ref}", local=True
            )
            return self.git.run("rev-parse", "--verify", f"{ref}^{{commit}}").strip()
        except Cancelled:
            raise
        except AutowrkersError as error:
            raise broken_clone(error) from error

    def _refs(self, pattern: str) -> dict[str, str]:
        lines = self.git.run("for-each-ref", "--format=%(objectname) %(refname)", pattern).splitlines()
        return {name: sha for sha, name in (line.split(" ", 1) for line in lines)}

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the mirror's lock of this host; what a killed git left half done is swept away under it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.with_name(f"{self.path.name}.lock").open("w") as lock:
            self._wait_for(lock)
            for pattern in LEFT_HALF_DONE:
                for leftover in self.path.glob(pattern):
                    leftover.unlink(missing_ok=True)
            yield

    def _wait_for(self, lock: IO[str]) -> None:
        deadline = time.monotonic() + self.lock_seconds
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if self.stop is not None and self.stop.is_set():
                    raise Cancelled("git.stopped", "Waiting for the mirror was stopped on request.") from None
                if time.monotonic() >= deadline:
                    sentence = "Another worker has been busy with the mirror for too long."
                    raise Retryable("git.locked", sentence, "It is tried again by itself.") from None
                time.sleep(0.05)


def fetched_at(path: Path) -> datetime | None:
    """When this host last began a fetch of the mirror there that came to its end; None when there was none."""
    try:
        return datetime.fromtimestamp((path / FETCHED).stat().st_mtime, UTC)
    except FileNotFoundError:
        return None


def _session_ref(session_id: int) -> str:
    return f"refs/autowrkers/sessions/{session_id}"


def _keep_ref(session_id: int) -> str:
    return f"refs/autowrkers/keep/{session_id}"


def _as_url(path: Path) -> str:
    return f"file://{quote(str(path))}"
