"""Where an agent's program lies on this host, and which folders a sandbox must show for it to run."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

from django.conf import settings

from projects import redaction
from projects.models import Project
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


def command_of(project: Project) -> str:
    """The operator's command for the project's agent."""
    commands = {"claude_code": settings.AUTOWRKERS_CLAUDE_COMMAND, "codex": settings.AUTOWRKERS_CODEX_COMMAND}
    return commands.get(project.agent, project.agent_command)


def agent_environment() -> dict[str, str]:
    """The variables named for the agent; what looks like a secret among them is masked wherever it turns up."""
    redaction.register_variables(settings.AUTOWRKERS_AGENT_ENV)
    return {name: os.environ[name] for name in settings.AUTOWRKERS_AGENT_ENV if name in os.environ}


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
