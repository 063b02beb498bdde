"""A place where agents of any kind run for real: a small repository with a bug, a home, and the sandbox."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from automation.agents.base import AgentResult, AgentTask
from automation.agents.registry import get_adapter
from automation.agents.runner import run_agent
from automation.agents.transcripts import read_entries
from projects.workspace.processes import ProcessIdentity, Stop
from projects.workspace.sandbox import AGENT_HOME, INSIDE, Bind, Sandbox, detect
from projects.workspace.streams import Limits

BUGGY = "def total(values):\n    return sum(values[i] for i in range(len(values) - 1))\n"
TEST = """import unittest
from calc import total

class TotalTest(unittest.TestCase):
    def test_every_value_counts(self):
        self.assertEqual(total([1, 2]), 3)
"""
LIMITS = {"total_seconds": 60, "silence_seconds": 30, "output_bytes": 10_000_000, "line_bytes": 1_000_000}


@dataclass
class Place:
    """`run` starts an agent here; afterwards `started` and `events` tell what was seen."""

    root: Path
    sandbox: Sandbox
    stop: Stop = field(default_factory=Stop)
    started: list[ProcessIdentity] = field(default_factory=list)
    events: list = field(default_factory=list)
    on_event: Callable | None = None

    @property
    def repository(self) -> Path:
        return self.root / "repository"

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def transcript(self) -> Path:
        return self.root / "logs" / "1.jsonl"

    def git(self, *args: str) -> str:
        return subprocess.check_output(["git", "-C", self.repository, *args], text=True)

    def run(self, adapter: str, command: str, prompt: str = "Fix issue #7", **fields) -> AgentResult:
        binds = [Bind(self.repository, INSIDE, writable=True), Bind(self.home, AGENT_HOME, writable=True)]
        grace_seconds = fields.pop("grace_seconds", 10)
        limits = Limits(**{key: fields.pop(key, value) for key, value in LIMITS.items()})
        task = AgentTask(
            prompt=prompt,
            command=command,
            work_dir=self.sandbox.path_inside(binds[0]),
            home=self.sandbox.path_inside(binds[1]),
            sandboxed=self.sandbox.mode != "none",
            **fields,
        )
        return run_agent(
            get_adapter(adapter),
            task,
            sandbox=self.sandbox,
            binds=binds,
            home=self.home,
            transcript=self.transcript,
            limits=limits,
            stop=self.stop,
            on_start=self.started.append,
            on_event=self.note,
            grace_seconds=grace_seconds,
        )

    def script(self, *steps: dict, **fields) -> AgentResult:
        """Play these steps with the scripted agent."""
        path = self.root / "script.json"
        path.write_text(json.dumps({"rules": [{"steps": steps}]}))
        return self.run("scripted", str(path), **fields)

    def note(self, event) -> None:
        self.events.append(event)
        if self.on_event:
            self.on_event(event)

    def lines(self, stream: str) -> list[str]:
        return [entry["line"] for entry in read_entries(self.transcript) if entry["stream"] == stream]


@pytest.fixture(scope="session")
def walls() -> Sandbox:
    return detect("auto")


@pytest.fixture
def place(tmp_path: Path, walls: Sandbox) -> Place:
    place = Place(tmp_path, walls)
    place.home.mkdir()
    place.repository.mkdir()
    (place.repository / "calc.py").write_text(BUGGY)
    (place.repository / "test_calc.py").write_text(TEST)
    place.git("init", "-q", "-b", "main")
    place.git("config", "user.name", "Autowrkers")
    place.git("config", "user.email", "agent@example.com")
    place.git("add", "-A")
    place.git("commit", "-qm", "A sum that forgets its last value")
    return place
