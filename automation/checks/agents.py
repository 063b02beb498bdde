"""Each agent in use: is its program here, which version, has it a key? Asked as a run would start it.

Nothing is asked of the model, so nothing is spent; whether the model takes the key shows in the first run.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from django.conf import settings
from django.core.checks import CheckMessage

from automation.agents import claude_code
from automation.agents.programs import agent_environment, command_of, locate
from automation.agents.registry import get_adapter
from automation.checks.registry import fail, fine, note, register
from automation.checks.situation import PROGRAM_SECONDS, Situation
from projects.agent_command import split_template
from projects.errors import AutowrkersError
from projects.models import Project
from projects.workspace.processes import Finished, run
from projects.workspace.sandbox import AGENT_HOME, Bind, Sandbox, detect

VERSION = re.compile(r"\d+\.\d+\.\d+\S*")
CLAUDE_NEEDS = "ANTHROPIC_API_KEY or CLAUDE_CODE_OAUTH_TOKEN"
CODEX_NEEDS = "OPENAI_API_KEY"
SHOWN_LATER = "whether the model takes it shows at the first start"


@register("agent", "Agents", site_wide=False)
def agents(situation: Situation) -> Iterator[CheckMessage]:
    """Once for each agent and command: many projects share one."""
    seen: dict[tuple[str, str], Project] = {}
    for project in situation.projects:
        seen.setdefault((project.agent, command_of(project)), project)
    for project in seen.values():
        yield from look_at_agent(project, situation)
    if not seen and situation.site_wide:
        yield from _before_any_project(situation)


def _before_any_project(situation: Situation) -> list[CheckMessage]:
    """Of the agents that a first project could take, one that is ready suffices."""
    choices = [Project(agent=agent) for agent in (Project.Agent.CLAUDE_CODE, Project.Agent.CODEX)]
    found = [list(look_at_agent(choice, situation)) for choice in choices]
    ready = [messages for messages in found if not any(message.is_serious() for message in messages)]
    return [message for messages in ready or found for message in messages]


def look_at_agent(project: Project, situation: Situation) -> Iterator[CheckMessage]:
    name = project.get_agent_display()
    try:
        command = program_of(project)
    except AutowrkersError as error:
        yield fail(41, f"{name}: {error.message}", error.remedy, of=project)
        return
    if not situation.may_run_programs:
        if shutil.which(command) is None:
            yield _missing(project, command)
        return
    if situation.is_time_up:
        yield note(
            41, f"{name} has not been asked: the time was used up.", "Run the checks again.", of=project
        )
        return
    try:
        located = locate(command, detect(settings.AUTOWRKERS_SANDBOX))
        if located is None:
            yield _missing(project, command)
        else:
            yield from _ask(project, *located, seconds=situation.seconds(PROGRAM_SECONDS))
    except AutowrkersError as error:
        yield fail(41, f"{name}: {error.message}", error.remedy, of=project)


def program_of(project: Project) -> str:
    """The program that a run of this project starts first. Raises AutowrkersError for a template that is none."""
    if project.agent == Project.Agent.SCRIPTED:
        return "python3"
    command = command_of(project)
    return split_template(command)[0] if project.agent == Project.Agent.COMMAND else command


def _missing(project: Project, command: str) -> CheckMessage:
    names = {"claude_code": "AUTOWRKERS_CLAUDE_COMMAND", "codex": "AUTOWRKERS_CODEX_COMMAND"}
    setting = names.get(project.agent)
    where = f"name its path by {setting}" if setting else "correct the project's agent command"
    hint = f"Install it where the workers run (`make agents` installs Claude Code and Codex), or {where}."
    return fail(41, f"{project.get_agent_display()}: there is no program {command!r} here.", hint, of=project)


def _ask(project: Project, program: str, sandbox: Sandbox, *, seconds: float) -> Iterator[CheckMessage]:
    name = project.get_agent_display()
    if project.agent in (Project.Agent.COMMAND, Project.Agent.SCRIPTED):
        yield fine(41, f"{name}: its program {Path(program).name} is here.", of=project)
        return
    answer = _run(program, ["--version"], sandbox, {}, seconds)
    found = VERSION.search(answer.stdout.decode("utf-8", "replace"))
    if found is None:
        ended = "did not answer in time" if answer.timed_out else f"ended with code {answer.returncode}"
        said = answer.stderr.decode("utf-8", "replace").strip()[-200:]
        hint = f"Run `{Path(program).name} --version` where the workers run. It said: {said or 'nothing'}"
        yield fail(42, f"{name} is here but {ended} when asked for its version.", hint, of=project)
        return
    tested = get_adapter(project.agent).supported_version
    other = f" Tests of this product drive {tested}." if found[0] != tested else ""
    yield (note if other else fine)(42, f"{name} {found[0]} answers.{other}", of=project)
    if project.agent == Project.Agent.CLAUDE_CODE:
        yield _claude_sign_in(project, program, sandbox, seconds)
    else:
        yield _codex_sign_in(project)


def _claude_sign_in(project: Project, program: str, sandbox: Sandbox, seconds: float) -> CheckMessage:
    """`claude auth status` says it as JSON and asks nobody, so that any text counts as a key there."""
    env = {**agent_environment(), **claude_code.ENVIRONMENT}
    answer = _run(program, ["auth", "status"], sandbox, env, seconds)
    try:
        said = json.loads(answer.stdout)
        is_signed_in, how = said["loggedIn"] is True, str(said.get("apiKeySource") or said.get("authMethod"))
    except (ValueError, TypeError, KeyError):
        return note(
            43, "Claude Code does not tell whether it has a key.", "The first run shows it.", of=project
        )
    if is_signed_in:
        return fine(43, f"Claude Code has a key or login ({how[:40]}): {SHOWN_LATER}.", of=project)
    return _signed_out(project, CLAUDE_NEEDS)


def _codex_sign_in(project: Project) -> CheckMessage:
    """It gets a home of its own in each run, so only the variable counts, never a login of this host's user."""
    if agent_environment().get(CODEX_NEEDS):
        return fine(43, f"Codex has a key ({CODEX_NEEDS}): {SHOWN_LATER}.", of=project)
    return _signed_out(project, CODEX_NEEDS)


def _signed_out(project: Project, needs: str) -> CheckMessage:
    hint = f"Set {needs} for the workers and name the variable in AUTOWRKERS_AGENT_ENV, then restart them."
    return fail(43, f"{project.get_agent_display()} has no key.", hint, of=project)


def _run(
    program: str, arguments: list[str], sandbox: Sandbox, env: Mapping[str, str], seconds: float
) -> Finished:
    """In the sandbox, with an empty home, as in a run."""
    with tempfile.TemporaryDirectory(prefix="autowrkers-check-") as folder:
        home = Bind(Path(folder), AGENT_HOME, writable=True)
        wrapped = sandbox.wrap([program, *arguments], binds=[home], chdir=AGENT_HOME, env=env)
        return run(wrapped.argv, env=wrapped.env, cwd=wrapped.cwd, timeout=seconds, max_output_bytes=20_000)
