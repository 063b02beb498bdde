"""The real Claude Code in our sandbox, its model played by the scripted model server."""

from __future__ import annotations

import threading
import time
import uuid

import pytest

from automation.agents.claude_code import SUPPORTED_VERSION
from automation.agents.events import ToolCall
from projects.workspace.trees import is_alive
from tests.automation.agents.processes import all_arguments
from tests.automation.agents.real_cli import require
from tests.modelserver.server import ModelServer

pytestmark = pytest.mark.real_cli
KEY = "not-a-real-key"
TOOL = "import time; time.sleep(300)"


@pytest.fixture
def claude(place):
    command = require("AUTOWRKERS_CLAUDE_COMMAND")

    def run(prompt, server, key=KEY, **fields):
        environment = {"ANTHROPIC_BASE_URL": server.url, "ANTHROPIC_API_KEY": key}
        fields = {"session_id": str(uuid.uuid4()), "model": "claude-sonnet-5", **fields}
        return place.run("claude_code", command, prompt, environment=environment, **fields)

    return run


def test_it_fixes_commits_and_takes_its_session_up_again(place, claude):
    session_id = str(uuid.uuid4())
    with ModelServer.from_file("fix_bug", api_key=KEY) as server:
        first = claude("Fix issue #7", server, session_id=session_id)
        second = claude("Is issue #7 fixed?", server, session_id=session_id, resume=True)
    assert server.failures == []
    assert (first.outcome, first.marker, first.version) == ("done", "complete", SUPPORTED_VERSION)
    assert (first.turns, first.agent_session_id) == (4, session_id)
    assert first.input_tokens
    assert first.cost_usd
    assert place.git("log", "-1", "--format=%s").strip() == "Sum every value (fixes #7)"
    assert place.git("status", "--porcelain") == ""
    assert (second.outcome, second.turns, second.agent_session_id) == ("done", 1, session_id)
    assert second.final_text.startswith("Nothing more to change")


def test_a_session_that_does_not_exist_is_lost(claude):
    with ModelServer.from_file("fix_bug") as server:
        assert claude("Fix issue #7", server, resume=True).outcome == "session_lost"
    assert server.requests == []


def test_a_wrong_key_ends_it_soon(claude):
    began = time.monotonic()
    with ModelServer.from_file("fix_bug", api_key=KEY) as server:
        result = claude("Fix issue #7", server, key="wrong")
    assert result.outcome == "auth"
    assert time.monotonic() - began < 30


@pytest.mark.parametrize(
    ("prompt", "outcome"),
    [
        ("RATE-LIMIT-ALWAYS", "rate_limit"),
        ("OVERLOADED-ALWAYS", "overloaded"),
        ("NO-CREDIT", "usage_limit"),
        ("TOO-LONG", "context_too_long"),
        ("REFUSE-THIS", "refused"),
        ("RATE-LIMIT-ONCE", "done"),
        ("DROP-ONCE", "done"),
    ],
)
def test_what_its_model_answers_is_told_apart(claude, prompt, outcome):
    with ModelServer.from_file("faults") as server:
        assert claude(prompt, server).outcome == outcome


def test_its_turns_are_limited(claude):
    with ModelServer.from_file("faults") as server:
        result = claude("ENDLESS-LOOP", server, max_turns=3)
    assert result.outcome == "turn_limit"


def test_a_stop_during_a_long_tool_leaves_nothing_alive(place, claude):
    seen = []

    def stop():
        seen.extend([TOOL in all_arguments(), time.monotonic()])
        place.stop.request("asked")

    place.on_event = lambda event: threading.Timer(1.0, stop).start() if isinstance(event, ToolCall) else None
    with ModelServer.from_file("faults") as server:
        result = claude("LONG-COMMAND", server)
    assert result.outcome == "cancelled"
    was_running, stopped_at = seen
    assert was_running
    assert time.monotonic() - stopped_at < 10
    assert not is_alive(place.started[0])
    assert TOOL not in all_arguments()


def test_a_model_that_never_answers_is_silence(claude):
    with ModelServer.from_file("faults") as server:
        assert claude("HANG-FOREVER", server, silence_seconds=3).outcome == "stalled"
