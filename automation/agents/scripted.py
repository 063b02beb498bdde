"""The scripted agent of the demo and the tests: no model, a script file says what it does.

Its program is `automation/demo/scripted_agent.py`; it prints what Claude Code would print.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from automation.agents.base import AgentResult, AgentTask, Ending, Launch
from automation.agents.claude_code import judge_reason, parse_line
from automation.agents.events import Digest, Event
from automation.agents.verdicts import conclude

PROGRAM = Path(__file__).resolve().parent.parent / "demo" / "scripted_agent.py"
FOLDER = ".scripted"


class Scripted:
    """`task.command` is the script file's path on this host: a copy of it goes to the agent's home."""

    name = "scripted"
    supported_version = ""
    can_resume = True
    chooses_session_id = True
    limits_turns = False

    def build(self, task: AgentTask) -> Launch:
        folder = task.home / FOLDER
        argv = ["python3", str(folder / "agent.py"), str(folder / "script.json")]
        if task.session_id:
            argv.append(task.session_id)
        files = {f"{FOLDER}/agent.py": PROGRAM, f"{FOLDER}/script.json": Path(task.command)}
        return Launch(tuple(argv), dict(task.environment), stdin=task.prompt.encode(), files=files)

    def parse(self, line: bytes) -> Sequence[Event]:
        return parse_line(line)

    def finish(self, task: AgentTask, digest: Digest, ending: Ending) -> AgentResult:
        usage = digest.finished.usage if digest.finished else None
        return conclude(digest, ending, judge=judge_reason, usage=usage)
