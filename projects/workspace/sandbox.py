"""The walls around what we do not trust: how a program of an agent, a setup or a check is started.

bubblewrap builds a file system from nothing; the namespace mode only hides and ends processes; `none` is for
an operator who has walls of his own. In each mode but `none` nothing outlives the program, or its worker.
"""

from __future__ import annotations

import logging
import os
import resource
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Literal

from django.conf import settings

from projects.errors import OperatorError
from projects.workspace.launching import missing_program
from projects.workspace.processes import Caps, run
from projects.workspace.space import Meter

logger = logging.getLogger(__name__)

Mode = Literal["bubblewrap", "namespace", "none"]

INSIDE = Path("/repository")  # where a session's repository lies inside, always: agents resume by path
AGENT_HOME = Path("/home/agent")
NO_HOME = "/nonexistent"
SYSTEM_PATH = ("/usr/local/bin", "/usr/bin", "/bin")
PRIVATE = ("/tmp", "/run", "/var/tmp", str(AGENT_HOME))  # noqa: S108 - paths inside, empty and in memory
PRIVATE_BYTES = 2 * 2**30
SYSTEM_FOLDERS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
# What programs need of /etc, and nothing that names this host's users' secrets or services.
ETC = (
    *("alternatives", "group", "host.conf", "hosts", "ld.so.cache", "ld.so.conf", "ld.so.conf.d"),
    *("localtime", "mime.types", "nsswitch.conf", "os-release", "passwd", "protocols", "resolv.conf"),
    *("services", "timezone", "ca-certificates", "ca-certificates.conf", "crypto-policies"),
    *("pki/ca-trust", "pki/tls/certs", "ssl/certs", "ssl/openssl.cnf"),
)


@dataclass(frozen=True)
class Bind:
    """A folder (or file) of the host and where a sandboxed program finds it."""

    host: Path
    inside: Path
    writable: bool


@dataclass(frozen=True)
class Wrapped:
    """What to give to `run` or `stream`."""

    argv: list[str]
    env: dict[str, str]
    cwd: Path | None


@dataclass(frozen=True)
class Sandbox:
    """One way to start untrusted programs. `tool_paths` are folders of programs that it may read and run."""

    mode: Mode
    tool_paths: tuple[Path, ...] = ()

    @property
    def path(self) -> str:
        """PATH inside: the tools' folders of programs, then the system's."""
        folders = [str(folder) for tool in self.tool_paths for folder in _program_folders(tool)]
        return os.pathsep.join(dict.fromkeys([*folders, *SYSTEM_PATH]))

    def find(self, program: str) -> str | None:
        """The path of a program that a sandboxed command can start, None when there is none by that name."""
        return shutil.which(program, path=self.path)

    def path_inside(self, bind: Bind) -> Path:
        """Where a program finds what `bind` offers: only bubblewrap can give it another place."""
        return bind.inside if self.mode == "bubblewrap" else bind.host

    def wrap(
        self,
        argv: Sequence[str],
        *,
        binds: Sequence[Bind],
        chdir: Path,
        env: Mapping[str, str],
        network: bool = True,
    ) -> Wrapped:
        """`argv` within these walls, in the inside folder `chdir`, with `base_env()` plus `env`.

        PATH and HOME are always the sandbox's own. Without `network` it has only a loopback of its own.
        """
        environment = base_env() | dict(env) | {"PATH": self.path, "HOME": self._home(binds)}
        if self.mode == "bubblewrap":
            line = _bubblewrap(binds, tools=self.tool_paths, network=network)
            return Wrapped([*line, "--chdir", str(chdir), "--", *_counted(), *argv], environment, None)
        line = [*_namespace(network=network), *_counted()] if self.mode == "namespace" else []
        return Wrapped([*line, *argv], environment, _on_host(chdir, binds))

    def _home(self, binds: Sequence[Bind]) -> str:
        if self.mode == "bubblewrap":
            return str(AGENT_HOME)
        return next((str(bind.host) for bind in binds if bind.inside == AGENT_HOME), NO_HOME)


def caps(binds: Sequence[Bind] = ()) -> Caps:
    """What one untrusted program with all that it starts may take of this host, and write to those of `binds`."""
    disk_bytes = settings.AUTOWRKERS_AGENT_DISK_MB * 2**20
    places = [bind.host for bind in binds if bind.writable]
    return Caps(
        settings.AUTOWRKERS_AGENT_MEMORY_MB * 2**20,
        settings.AUTOWRKERS_AGENT_PROCESSES,
        disk_bytes,
        partial(Meter, places, cap_bytes=disk_bytes),
    )


def base_env() -> dict[str, str]:
    """The environment that all untrusted programs share: five plain variables, nothing of the worker's."""
    return {
        "HOME": str(AGENT_HOME),
        "LANG": "C.UTF-8",
        "PATH": os.pathsep.join(SYSTEM_PATH),
        "TERM": "dumb",
        "TZ": "UTC",
    }


def detect(setting: str) -> Sandbox:
    """The sandbox that the setting asks for, tried by running a program in it. `auto` never takes `none`.

    Raises OperatorError `sandbox.unavailable`.
    """
    wishes: dict[str, tuple[Mode, ...]] = {
        "auto": ("bubblewrap", "namespace"),
        "bubblewrap": ("bubblewrap",),
        "namespace": ("namespace",),
        "none": ("none",),
    }
    own = [Path(sys.base_prefix)] if not Path(sys.base_prefix).is_relative_to("/usr") else []
    tools = tuple(dict.fromkeys([*settings.AUTOWRKERS_TOOL_PATHS, *own]))
    for mode in wishes.get(setting, ()):
        sandbox = Sandbox(mode, tools)
        if mode == "none" or _works(sandbox):
            if setting == "auto" and mode != "bubblewrap":
                _warn_once(mode)
            return sandbox
    raise OperatorError(
        "sandbox.unavailable",
        f"No sandbox of the kind {setting!r} (AUTOWRKERS_SANDBOX) works on this host.",
        "Install bubblewrap and allow user namespaces, or set it to none where agents may reach everything.",
    )


@cache
def _warn_once(mode: Mode) -> None:
    logger.warning(
        "bubblewrap does not work on this host, so programs run in mode=%s, which hides less", mode
    )


def _works(sandbox: Sandbox) -> bool:
    try:
        probe = sandbox.wrap(["sh", "-c", "exit 42"], binds=[], chdir=Path("/"), env={}, network=False)
        return run(probe.argv, env=probe.env, timeout=10).returncode == 42
    except OperatorError:
        return False


def _bubblewrap(binds: Sequence[Bind], *, tools: Sequence[Path], network: bool) -> list[str]:
    line = [_launcher("bwrap"), "--die-with-parent", "--unshare-pid", "--unshare-ipc", "--unshare-uts"]
    line += ["--unshare-cgroup-try", "--unshare-user", "--cap-drop", "ALL"]
    line += ["--uid", str(os.getuid()), "--gid", str(os.getgid())]
    line += [] if network else ["--unshare-net"]
    line += ["--ro-bind", "/usr", "/usr"]
    for name in SYSTEM_FOLDERS:
        folder = Path("/", name)
        if folder.is_symlink():
            line += ["--symlink", str(folder.readlink()), str(folder)]
        else:
            line += ["--ro-bind-try", str(folder), str(folder)]
    for name in ETC:
        line += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    line += ["--proc", "/proc", "--dev", "/dev"]
    size = ["--size", str(_private_bytes())] if _limits_size(line[0]) else []
    for private in PRIVATE:
        line += [*size, "--tmpfs", private]
    for tool in tools:
        line += ["--ro-bind-try", str(tool), str(tool)]
    for bind in binds:
        line += ["--bind" if bind.writable else "--ro-bind", str(bind.host), str(bind.inside)]
    return [*line, "--remount-ro", "/"]


def _private_bytes() -> int:
    """Of each private folder: what lies there is in memory, and belongs to no process that could be weighed."""
    return min(PRIVATE_BYTES, caps().memory_bytes // len(PRIVATE))


def _counted() -> list[str]:
    """Within a user namespace the kernel counts what runs there alone; root it does not count, so we do (`Caps`)."""
    found = shutil.which("prlimit")
    if os.getuid() == 0 or found is None or not found.startswith("/usr/"):
        return []
    _, hard = resource.getrlimit(resource.RLIMIT_NPROC)
    allowed = caps().processes if hard == resource.RLIM_INFINITY else min(caps().processes, hard)
    return [found, f"--nproc={allowed}:{allowed}", "--"]


@cache
def _limits_size(launcher: str) -> bool:
    """Older ones cannot: https://github.com/containers/bubblewrap/releases/tag/v0.7.0"""
    return b"--size" in run([launcher, "--help"], env={}, timeout=10).stdout


def _namespace(*, network: bool) -> list[str]:
    """Root's own namespaces without root's powers; anybody else's within a user namespace."""
    line = [_launcher("unshare"), "--pid", "--fork", "--kill-child", "--mount-proc", "--ipc", "--uts"]
    line += [] if os.getuid() == 0 else ["--user", "--map-root-user"]
    line += [] if network else ["--net"]
    powerless = [_launcher("setpriv"), "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all", "--"]
    return [*line, "--", *powerless]


def _launcher(program: str) -> str:
    """Found on the worker's PATH, not on the one inside."""
    found = shutil.which(program)
    if found is None:
        raise missing_program(program)
    return found


def _on_host(chdir: Path, binds: Sequence[Bind]) -> Path:
    for bind in binds:
        if chdir.is_relative_to(bind.inside):
            return bind.host / chdir.relative_to(bind.inside)
    return chdir


def _program_folders(tool: Path) -> list[Path]:
    if tool.is_file():
        return [tool.parent]
    return [folder for folder in (tool / "bin", tool / ".bin") if folder.is_dir()] or [tool]
