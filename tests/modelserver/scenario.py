"""Reading scenario files: what the scripted model says, step by step, and which faults come first."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STEP_KEYS = {
    "text",
    "tool",
    "tools",
    "usage",
    "delay",
    "chunk_delay",
    "chunk_chars",
    "stop",
    "expect",
    "faults",
}
FAULT_KEYS = {
    "status",
    "retry_after",
    "type",
    "message",
    "times",
    "hang",
    "drop_after",
    "error_after",
    "delay",
}
FAULT_KEYS |= {"malformed"}
SCENARIO_KEYS = {"name", "match", "step_by", "on_end", "end_text", "side_text", "steps"}


class ScenarioError(ValueError):
    """The scenario is wrong, or none fits the conversation."""


@dataclass(frozen=True)
class Scenario:
    """`match`: regex on the user's text, its named groups fill {{name}}. `step_by`: "history" counts the
    assistant's turns that the client sends back, "requests" counts requests. `on_end`: "text", "loop",
    "repeat_last", "error". `side_text` answers requests without tools (titles) while the script uses tools.
    """

    steps: list[dict[str, Any]]
    name: str = "scenario"
    match: str | None = None
    step_by: str = "history"
    on_end: str = "text"
    end_text: str = "Nothing left to do."
    side_text: str = "ok"

    @property
    def needs_tools(self) -> bool:
        return any("tool" in step or "tools" in step for step in self.steps)

    def step(self, index: int) -> dict[str, Any] | None:
        if index < len(self.steps):
            return self.steps[index]
        if self.on_end == "loop":
            return self.steps[index % len(self.steps)]
        if self.on_end == "repeat_last":
            return self.steps[-1]
        return None if self.on_end == "error" else {"text": self.end_text}


def load_scenarios(path: Path) -> list[Scenario]:
    """One file holds a scenario, or {"scenarios": [...]}: the first that matches is played."""
    return parse_scenarios(json.loads(path.read_text(encoding="utf-8")), name=path.stem)


def parse_scenarios(data: dict[str, Any], *, name: str = "scenario") -> list[Scenario]:
    found = []
    for item in data.get("scenarios", [data]):
        _refuse_unknown(item, SCENARIO_KEYS, item.get("name", name))
        if not item.get("steps"):
            raise ScenarioError(f"{item.get('name', name)}: no steps")
        for step in item["steps"]:
            _refuse_unknown(step, STEP_KEYS, item.get("name", name))
            for fault in step.get("faults", []):
                _refuse_unknown(fault, FAULT_KEYS, item.get("name", name))
        found.append(Scenario(**{"name": name, **item}))
    return found


def _refuse_unknown(item: dict[str, Any], known: set[str], name: str) -> None:
    if unknown := set(item) - known:
        raise ScenarioError(f"{name}: unknown keys {sorted(unknown)}")


def fill(value: Any, names: dict[str, str]) -> Any:
    """Replace {{name}} in every string of a step."""
    if isinstance(value, str):
        return re.sub(r"\{\{(\w+)\}\}", lambda found: names.get(found[1], found[0]), value)
    if isinstance(value, list):
        return [fill(item, names) for item in value]
    if isinstance(value, dict):
        return {key: fill(item, names) for key, item in value.items()}
    return value
