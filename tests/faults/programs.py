"""Programs that the product runs: real ones, but quickly, in simulated time, and with a bad network between.

git reaches the remote as a folder of this host. The agent is a script that works at once and is then held to have
taken minutes; whoever kills or pauses its worker meanwhile decides what becomes of it.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from projects.workspace import trees
from projects.workspace.supervision import Ended
from projects.workspace.trees import ProcessIdentity
from tests.faults.loop import Killed

if TYPE_CHECKING:
    from tests.faults.world import World

REMOTE_VERBS = ("push", "fetch", "ls-remote")
LOOK_SECONDS = 1.0
UNREACHABLE = b"fatal: unable to access '%s/': The requested URL returned error: 503\n"
NO_ROOM = b"fatal: write error: No space left on device\n"
REFUSED = b"remote: Invalid username or token.\nfatal: Authentication failed for '%s/'\n"


@dataclass
class Run:
    """One run of an agent, which lives until `ends_at`, with or without its worker."""

    issue: int
    began_at: float
    ends_at: float
    killed: bool = False
    pid: int = 0


class Programs:
    """Takes the place of the product's process supervision."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.runs: list[Run] = []
        self.pushes: list[tuple[float, str, str]] = []  # when, branch, sha: done
        self.heard: list[
            tuple[float, str]
        ] = []  # when, branch (empty: all): a push or look that was answered

    def supervise(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path | None,
        stdin: bytes,
        on_stdout: Callable[[bytes], None],
        on_stderr: Callable[[bytes], None],
        on_start: Callable[[ProcessIdentity], None] | None = None,
        stop: Any = None,
        bounds: Any = None,
        on_output: Any = None,
    ) -> Ended:
        if on_start is not None:
            return self._play_agent(argv, env, cwd, stdin, on_stdout, on_start, stop)
        verb = _remote_verb(argv, self.world.web_url)
        label = f"git {verb}" if verb else _name(argv)
        self.world.boundaries.come_to(f"before {label}")
        if verb:
            self.world.pass_time(self.world.rng.uniform(0.2, 1.0))
            if not self._token_is_good():
                on_stderr(REFUSED % self.world.web_url.encode())
                return Ended(128, "exit", 1, 0)
        trouble = self.world.trouble_for(label) if verb else None
        if trouble is not None and trouble.what != "lost":
            on_stderr(UNREACHABLE % self.world.web_url.encode())
            return Ended(128, "exit", 1, 0)
        if argv[0] == "git" and verb not in ("push", "ls-remote") and self.world.is_full("work"):
            on_stderr(NO_ROOM)
            return Ended(128, "exit", 1, 0)
        done = subprocess.run(argv, env=env, cwd=cwd, input=stdin, capture_output=True, check=False)
        if verb == "push":
            self._note_push(argv, done.returncode)
        if verb:
            self.world.pass_time(self.world.rng.uniform(0.2, 1.0))
        self.world.boundaries.come_to(f"after {label}")
        if trouble is not None:
            on_stderr(UNREACHABLE % self.world.web_url.encode())
            return Ended(128, "exit", 1, 0)
        if verb in ("push", "ls-remote"):
            branch = argv[-1].partition(":refs/heads/")[2] if verb == "push" else ""
            self.heard.append((self.world.loop.now, branch))
        on_stdout(done.stdout)
        on_stderr(done.stderr)
        return Ended(done.returncode, "exit", 1, len(done.stdout))

    def knew_of(self, branch: str, moment: float) -> bool:
        """Whether the product had heard by then that its branch is on GitHub."""
        pushed = max((at for at, name, _ in self.pushes if name == branch and at <= moment), default=0.0)
        return any(pushed <= at <= moment and name in ("", branch) for at, name in self.heard)

    def is_alive(self, identity: ProcessIdentity) -> bool:
        return any(run.pid == identity.pid and run.ends_at > self.world.loop.now for run in self.runs)

    def kill_tree(self, identity: ProcessIdentity, timeout: float = 10.0) -> bool:
        """What a worker does that takes over: the former one's agent is dead afterwards."""
        for run in self.runs:
            if run.pid == identity.pid and run.ends_at > self.world.loop.now:
                run.ends_at, run.killed = self.world.loop.now, True
        return trees.kill_tree(identity, timeout)

    def _play_agent(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        cwd: Path | None,
        stdin: bytes,
        on_stdout: Callable[[bytes], None],
        on_start: Callable[[ProcessIdentity], None],
        stop: Any,
    ) -> Ended:
        world = self.world
        world.boundaries.come_to("before agent")
        run = Run(0, world.loop.now, world.loop.now + world.rng.uniform(*world.schedule.agent_seconds))
        try:
            output, code = self._start_agent(run, argv, env, cwd, stdin, on_start, stop)
            world.boundaries.come_to("during agent")
            while world.loop.now < run.ends_at and not stop.is_set():
                world.pass_time(min(LOOK_SECONDS, run.ends_at - world.loop.now))
        except Killed:  # the kernel kills it with its worker
            run.ends_at, run.killed = min(world.loop.now, run.ends_at), True
            raise
        if stop.is_set() and not run.killed:
            run.ends_at = min(world.loop.now, run.ends_at)
        world.boundaries.come_to("after agent")
        if run.killed:
            return Ended(-9, "exit", 1, 0)
        if stop.is_set():
            return Ended(-15, "stop", 1, 0)
        on_stdout(output)
        return Ended(code, "exit", 1, len(output))

    def _start_agent(
        self,
        run: Run,
        argv: Sequence[str],
        env: Mapping[str, str],
        cwd: Path | None,
        stdin: bytes,
        on_start: Callable[[ProcessIdentity], None],
        stop: Any,
    ) -> tuple[bytes, int]:
        pipe = subprocess.PIPE
        with subprocess.Popen(argv, env=env, cwd=cwd, stdin=pipe, stdout=pipe, stderr=pipe) as process:
            run.pid = process.pid
            self.runs.append(run)
            try:
                on_start(trees.identify(process.pid))
                if stop.is_set():  # it never gets its prompt
                    run.ends_at = self.world.loop.now
                    return b"", -9
                output, _ = process.communicate(stdin)
            finally:
                process.kill()
            run.issue = self._issue_of(process.pid)
            return output, process.returncode

    def _issue_of(self, pid: int) -> int:
        """The agent writes it down once it has read its prompt."""
        starts = (line.split() for line in self.world.journal("start"))
        return next(int(issue) for issue, its_pid in starts if its_pid == str(pid))

    def _token_is_good(self) -> bool:
        return self.world.token_is_good()

    def _note_push(self, argv: Sequence[str], returncode: int) -> None:
        sha, _, name = argv[-1].partition(":refs/heads/")
        if returncode == 0:
            self.pushes.append((self.world.loop.now, name, sha))
            self.world.refresh()


def _remote_verb(argv: Sequence[str], web_url: str) -> str:
    if argv[0] != "git" or not any(word.startswith(web_url) for word in argv):
        return ""
    return next(word for word in argv if word in REMOTE_VERBS)


def _name(argv: Sequence[str]) -> str:
    """A word that tells programs apart in the trace."""
    words = [word for word in argv if not word.startswith(("-", "/")) and "=" not in word and "." not in word]
    return " ".join(words[:2]) or "program"
