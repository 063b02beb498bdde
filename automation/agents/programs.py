"""Where an agent's program lies on this host, and which folders a sandbox must show for it to run."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from projects.workspace.sandbox import Sandbox


def locate(command: str, sandbox: Sandbox) -> tuple[str, Sandbox] | None:
    """What to start for `command`, and the sandbox that shows it; None when there is no such program."""
    if "/" not in command and sandbox.find(command):
        return command, sandbox
    found = shutil.which(command)
    if found is None:
        return None
    tools = dict.fromkeys([*sandbox.tool_paths, *tool_paths(command)])
    return str(Path(found).resolve()), replace(sandbox, tool_paths=tuple(tools))


def tool_paths(command: str) -> tuple[Path, ...]:
    """The whole of an npm folder or of a Python environment, else the program's file alone."""
    found = shutil.which(command)
    if found is None:
        return ()
    program = Path(found).resolve()
    if program.is_relative_to("/usr") or program.is_relative_to("/bin"):
        return ()
    for folder in program.parents:
        if folder.name == "node_modules" or (folder / "pyvenv.cfg").is_file():
            return (folder,)
    return (program,)
