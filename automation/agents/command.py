"""Any program as an agent, by a template of its command line. Only git judges what it did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from automation.agents.base import AgentResult, AgentTask, Ending, Launch
from automation.agents.events import Digest, Event, Finished, Text
from automation.agents.verdicts import conclude
from projects.agent_command import PLACEHOLDER, split_template

PROMPT_FILE = "prompt.md"


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
