"""The scripted model on loopback: drives real agent CLIs with no model and no network.

Tool commands of a scenario are really executed by the CLI under test. `/run/NAME` in front of a path keeps
runs apart.
"""

from __future__ import annotations

import re
import threading
from http.server import ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.modelserver.conversation import Request
from tests.modelserver.handler import Handler
from tests.modelserver.scenario import Scenario, ScenarioError, load_scenarios

SCENARIOS = Path(__file__).parent / "scenarios"
CWD = re.compile(r"[Ww]orking directory: *([^\n<]+)|<cwd>([^<]+)</cwd>")


class Http(ThreadingHTTPServer):
    daemon_threads = True
    model: ModelServer


class ModelServer:
    """A context manager with `url`, the `requests` seen, and `failures` of what the script expects."""

    def __init__(self, scenarios: list[Scenario], *, api_key: str | None = None) -> None:
        self.scenarios = scenarios
        self.api_key = api_key
        self.requests: list[dict[str, Any]] = []
        self.failures: list[str] = []
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._steps: dict[tuple[str, str], int] = {}
        self._faults: dict[tuple[str, str, int, int], int] = {}
        self._http = Http(("127.0.0.1", 0), Handler)
        self._http.model = self
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    @classmethod
    def from_file(cls, name: str, *, api_key: str | None = None) -> ModelServer:
        """`name` is that of a file in `scenarios/`, without its ending."""
        return cls(load_scenarios(SCENARIOS / f"{name}.json"), api_key=api_key)

    def __enter__(self) -> ModelServer:
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopping.set()
        self._http.shutdown()
        self._http.server_close()

    def choose(self, run: str, request: Request) -> tuple[Scenario, int | None, dict[str, str]]:
        """-> the scenario, the step's index (None: a side request), and what fills the {{names}}."""
        found = CWD.search(request.system_text + "\n" + request.user_text)
        cwd = (found[1] or found[2]).strip() if found else "."
        names = {"model": request.model, "run": run, "cwd": cwd}
        for scenario in self.scenarios:
            hit = re.search(scenario.match or "", request.user_text)
            if hit is None:
                continue
            names |= {key: value or "" for key, value in hit.groupdict().items()}
            if scenario.needs_tools and not request.tools:
                return scenario, None, names
            if scenario.step_by == "history":
                return scenario, request.turns, names
            with self._lock:
                return scenario, self._steps.get((run, scenario.name), 0), names
        raise ScenarioError("no scenario matches this conversation")

    def take_fault(self, run: str, scenario: Scenario, index: int, step: dict[str, Any]) -> dict[str, Any]:
        """The fault that is due at this step, or an empty one; each is served `times` (or "always")."""
        with self._lock:
            for number, fault in enumerate(step.get("faults", [])):
                key, times = (run, scenario.name, index, number), fault.get("times", 1)
                served = self._faults.get(key, 0)
                if times == "always" or served < times:
                    self._faults[key] = served + 1
                    return dict(fault)
            self._steps[run, scenario.name] = index + 1
        return {}
