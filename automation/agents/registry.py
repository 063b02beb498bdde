"""Which agents there are, by the name that a project stores."""

from __future__ import annotations

from automation.agents.base import Adapter
from automation.agents.claude_code import ClaudeCode
from automation.agents.codex import Codex
from automation.agents.command import Command
from automation.agents.scripted import Scripted
from projects.errors import OperatorError

ADAPTERS: dict[str, Adapter] = {
    adapter.name: adapter for adapter in (ClaudeCode(), Codex(), Command(), Scripted())
}


def get_adapter(name: str) -> Adapter:
    """Raises OperatorError `agent.unknown`."""
    if name not in ADAPTERS:
        known = ", ".join(ADAPTERS)
        raise OperatorError("agent.unknown", f"There is no agent named {name!r}.", f"Choose one of {known}.")
    return ADAPTERS[name]
