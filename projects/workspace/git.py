"""The only way we run git: our configuration and nobody else's, an exact environment, a time limit, no shell.

Nothing that a repository, a home folder or the host configures takes effect. A token exists only in the
environment of the one process that needs it. It never runs inside a folder that an agent can write.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from projects import redaction
from projects.errors import Cancelled, OperatorError
from projects.workspace.diagnosis import explain, timed_out, verb
from projects.workspace.processes import Finished, Stop, run
from projects.workspace.streams import Limits, stream

OUTPUT_BYTES = 64_000_000
BARE = b"[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n"
CONFIGURATION = {
    "advice.detachedHead": "false",
    "core.attributesFile": os.devnull,
    "core.excludesFile": os.devnull,
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "core.quotePath": "false",
    "credential.helper": "",
    "fetch.recurseSubmodules": "false",
    "gc.auto": "0",
    "http.followRedirects": "false",
    "http.lowSpeedLimit": "1",
    "http.lowSpeedTime": "60",
    "http.proxy": "",
    "http.sslVerify": "true",
    "init.defaultBranch": "main",
    "maintenance.auto": "false",
    "push.recurseSubmodules": "no",
    "safe.bareRepository": "explicit",
    "submodule.recurse": "false",
}


@dataclass(frozen=True)
class Remote:
    """A repository on GitHub (or alike) and the token for it, which shows in no text of this object.

    A token that does not last is given by a function, which is asked when a command runs.
    """

    url: str
    token: str | Callable[[], str] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Raises OperatorError `git.remote_refused` for any address but those of the two GitHub settings."""
        parts = urlsplit(self.url)
        allowed = {_origin(urlsplit(url)) for url in (settings.GITHUB_WEB_URL, settings.GITHUB_API_URL)}
        if (
            parts.scheme not in ("http", "https")
            or _origin(parts) not in allowed
            or parts.username is not None
        ):
            raise OperatorError(
                "git.remote_refused",
                f"{redaction.redact(self.url)!r} is not an address below GITHUB_WEB_URL or GITHUB_API_URL.",
                "Correct the repository's address or those settings.",
            )
        if isinstance(self.token, str):
            redaction.register(self.token)

    def configuration(self) -> dict[str, str]:
        """What makes git send the token to this address and to no other."""
        token = self.token() if callable(self.token) else self.token
        if not token:
            return {}
        redaction.register(token)
        basic = base64.b64encode(f"x-access-token:{token}".encode()).decode()
        return {f"http.{self.url}.extraHeader": f"Authorization: Basic {basic}"}


@dataclass(frozen=True)
class Git:
    """git in one repository of ours. `stop` ends a running command."""

    git_dir: Path
    work_tree: Path | None = None
    stop: Stop | None = None

    def run(
        self,
        *args: str,
        remote: Remote | None = None,
        local: bool = False,
        timeout: float = 600,
        stdin: bytes = b"",
        index_file: Path | None = None,
        on_stdout: Callable[[bytes], None] | None = None,
    ) -> str:
        """The standard output of `git ARGS`; what may be longer than OUTPUT_BYTES is handed to `on_stdout` instead.

        It may reach out to `remote`, or with `local` to a folder of this host, else to nothing at all.
        Raises what `diagnosis.explain` makes of a failure, and Cancelled when `stop` asked.
        """
        place = [f"--git-dir={self.git_dir}"]
        place += [f"--work-tree={self.work_tree}"] if self.work_tree else []
        if remote is not None:
            restore_configuration(self.git_dir)
        environment = _environment(remote, protocols="file" if local else "http:https" if remote else "none")
        if index_file is not None:
            environment["GIT_INDEX_FILE"] = str(index_file)
        line = ["git", "--no-pager", *place, *args]
        done = run(
            line,
            env=environment,
            timeout=timeout,
            stdin=stdin,
            stop=self.stop,
            max_output_bytes=OUTPUT_BYTES,
            on_stdout=on_stdout,
        )
        return _output(args, done, timeout)

    def says_at_most(self, output_bytes: int, *args: str, timeout: float = 120) -> bool:
        """Whether `git ARGS` comes to its end within the time and with no more output than that. Nothing is kept."""
        ended = stream(
            ["git", "--no-pager", f"--git-dir={self.git_dir}", *args],
            env=_environment(None, protocols="none"),
            cwd=None,
            stdin=b"",
            on_lines=lambda lines: None,
            on_stderr=lambda line: None,
            limits=Limits(timeout, timeout, output_bytes, line_bytes=1),
            stop=self.stop,
        )
        if ended.ended_by == "stop":
            raise Cancelled("git.stopped", f"git {verb(args)} was stopped on request.")
        return ended.ended_by == "exit" and ended.output_bytes <= output_bytes


def restore_configuration(path: Path) -> None:
    """The configuration of a bare repository of ours is what we wrote and nothing else.

    Somebody who could write to it could send our token, which goes by the address, to another place.
    """
    config = path / "config"
    if path.is_dir() and (config.is_symlink() or not config.is_file() or config.read_bytes() != BARE):
        fresh = path / "config.fresh"
        fresh.unlink(missing_ok=True)
        fresh.write_bytes(BARE)
        fresh.replace(config)


def init_repository(path: Path, *, bare: bool, branch: str = "main") -> None:
    """An empty repository in `path`, without template, hooks or remote. Doing it again changes nothing."""
    args = (
        "init",
        "--quiet",
        "--template=",
        "--object-format=sha1",
        f"--initial-branch={branch}",
        *(["--bare"] if bare else []),
    )
    environment = _environment(None, protocols="none")
    done = run(["git", *args, "--", str(path)], env=environment, timeout=60)
    _output(args, done, 60)


def _environment(remote: Remote | None, *, protocols: str) -> dict[str, str]:
    environment = {
        "GIT_ALLOW_PROTOCOL": protocols,
        "GIT_ASKPASS": "true",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_DEFAULT_REF_FORMAT": "files",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_PROTOCOL_FROM_USER": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "HOME": "/nonexistent",
        "LC_ALL": "C.UTF-8",
        "PATH": os.environ.get("PATH", os.defpath),
    }
    configuration = CONFIGURATION | (remote.configuration() if remote else {})
    return environment | _as_variables(configuration)


def _as_variables(configuration: Mapping[str, str]) -> dict[str, str]:
    """git's configuration by environment: https://git-scm.com/docs/git-config#Documentation/git-config.txt-GITCONFIGCOUNT"""
    variables = {"GIT_CONFIG_COUNT": str(len(configuration))}
    for number, (key, value) in enumerate(configuration.items()):
        variables |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return variables


def _output(args: tuple[str, ...], done: Finished, timeout: float) -> str:
    if done.stopped:
        raise Cancelled("git.stopped", f"git {verb(args)} was stopped on request.")
    if done.timed_out:
        raise timed_out(args, timeout)
    if done.returncode != 0:
        raise explain(args, done.returncode, done.stderr.decode(errors="replace"))
    return done.stdout.decode(errors="replace")


def _origin(parts: SplitResult) -> tuple[str, str, int | None]:
    return parts.scheme, parts.hostname or "", parts.port or {"http": 80, "https": 443}.get(parts.scheme)
