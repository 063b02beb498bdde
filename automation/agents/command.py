"""Any program as an agent, by a template of its command line. Only git judges what it did."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import replace

from automation.agents.base import AgentResult, AgentTask, Ending, Launch
from automation.agents.events import Digest, Event, Finished, Text
from automation.agents.verdicts import conclude
from projects.errors import OperatorError

PROMPT_FILE = "prompt.md"
PLACEHOLDER = re.compile(r"\{(\w+)\}")
KNOWN = ("prompt_file", "work_dir", "model")


class Command:
    """The prompt lies in {prompt_file} and is given on standard input as well. There is no shell."""

    name = "command"
    supported_version = ""
    can_resume = False
    chooses_session_id = False
    limits_turns = False

    def build(self, task: AgentTask) -> Launch:
        values = {
            "prompt_file": str(task.home / PROMPT_FILE),
            "work_dir": str(task.work_dir),
            "model": task.model,
        }
        words = split_template(task.command)
        argv = [PLACEHOLDER.sub(lambda found: values[found[1]], word) for word in words]
        prompt = task.prompt.encode()
        return Launch(tuple(argv), dict(task.environment), stdin=prompt, files={PROMPT_FILE: prompt})

    def parse(self, line: bytes) -> Sequence[Event]:
        words = line.decode("utf-8", "replace").replace("\0", "").strip()
        return (Text(words[:100_000]),) if words else ()

    def finish(self, task: AgentTask, digest: Digest, ending: Ending) -> AgentResult:
        if ending.ended_by == "exit" and conclude(digest, ending).outcome != "missing_tool":
            digest = replace(digest, finished=Finished(is_error=False, text=digest.last_text))
        return conclude(digest, ending)


def split_template(template: str) -> list[str]:
    """The template's words, not yet filled in. Raises OperatorError `agent.bad_template`."""
    try:
        words = shlex.split(template)
    except ValueError as error:
        raise _bad_template(f"The agent's command cannot be read: {error}.") from error
    if not words:
        raise _bad_template("The agent's command is empty.")
    unknown = {name for word in words for name in PLACEHOLDER.findall(word)} - set(KNOWN)
    if unknown:
        raise _bad_template(f"The agent's command has unknown placeholders: {', '.join(sorted(unknown))}.")
    return words


def _bad_template(message: str) -> OperatorError:
    known = ", ".join(f"{{{name}}}" for name in KNOWN)
    return OperatorError("agent.bad_template", message, f"Correct it. The known placeholders are {known}.")
