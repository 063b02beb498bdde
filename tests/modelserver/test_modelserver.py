"""The scripted model itself: both dialects, the choice of steps, the faults."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
import requests

from tests.modelserver.scenario import ScenarioError, load_scenarios, parse_scenarios
from tests.modelserver.server import SCENARIOS, ModelServer

BASH = {"name": "Bash", "input_schema": {"properties": {"command": {"type": "string"}}}}
EXEC = {"type": "function", "name": "exec_command", "parameters": {"properties": {"cmd": {"type": "string"}}}}


def serve(*steps: dict[str, Any], api_key: str | None = None, **options: Any) -> ModelServer:
    return ModelServer(parse_scenarios({"steps": list(steps), **options}), api_key=api_key)


def ask(server: ModelServer, *messages: str, run: str = "a", **more: Any) -> requests.Response:
    """The messages alternate between user and assistant."""
    roles = ["user", "assistant"] * len(messages)
    given = [{"role": role, "content": text} for role, text in zip(roles, messages, strict=False)]
    return requests.post(
        f"{server.url}/run/{run}/v1/messages",
        json={"model": "m", "messages": given, **more},
        headers={"x-api-key": "right"},
        timeout=5,
    )


def words(answer: requests.Response) -> str:
    return answer.json()["content"][0]["text"]


def stream_events(answer: requests.Response) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: ")]


def test_messages_are_answered_whole_and_as_a_stream():
    with serve({"text": "hi", "tool": {"shell": "ls"}}) as server:
        whole = ask(server, "go", tools=[BASH]).json()
        events = stream_events(ask(server, "go", tools=[BASH], stream=True))
    assert whole["stop_reason"] == "tool_use"
    assert whole["content"][1]["input"] == {"command": "ls"}
    assert [events[0]["type"], events[-1]["type"]] == ["message_start", "message_stop"]
    deltas = [event["delta"] for event in events if event["type"] == "content_block_delta"]
    assert json.loads("".join(delta.get("partial_json", "") for delta in deltas)) == {"command": "ls"}


def test_responses_are_answered_under_the_declared_tool_and_argument():
    with serve({"text": "hi", "tool": {"shell": "ls"}}) as server:
        body = {"model": "m", "input": "go", "tools": [EXEC], "stream": True}
        events = stream_events(requests.post(f"{server.url}/v1/responses", json=body, timeout=5))
    assert events[-1]["type"] == "response.completed"
    assert json.loads(events[-1]["response"]["output"][1]["arguments"]) == {"cmd": "ls"}


def test_the_history_selects_the_step_names_are_filled_and_unmet_expectations_noted():
    with serve({"text": "one {{n}}"}, {"text": "two", "expect": "seen"}, match=r"#(?P<n>\d+)") as server:
        assert words(ask(server, "Issue #7")) == "one 7"
        assert words(ask(server, "Issue #7", "one 7", "it is not")) == "two"
        assert len(server.failures) == 1


def test_a_counter_of_requests_is_kept_per_run():
    with serve({"text": "one"}, {"text": "two"}, step_by="requests") as server:
        assert [words(ask(server, "x", run=run)) for run in "aab"] == ["one", "two", "one"]


def test_faults_come_first_then_the_step():
    with serve({"text": "ok", "faults": [{"status": 429, "retry_after": 3}, {"status": 529}]}) as server:
        answers = [ask(server, "x") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [429, 529, 200]
    assert answers[0].headers["retry-after"] == "3"


def test_a_client_that_leaves_a_hanging_answer_is_noticed():
    with serve({"faults": [{"hang": True}]}) as server:
        with pytest.raises(requests.Timeout):
            requests.post(f"{server.url}/v1/messages", json={"messages": []}, timeout=0.3)
        deadline = time.monotonic() + 3
        while not server.requests[0]["client_gone"] and time.monotonic() < deadline:
            time.sleep(0.05)
        assert server.requests[0]["client_gone"]


def test_a_cut_stream_ends_before_its_last_event():
    with serve({"text": "a longer text", "faults": [{"drop_after": 3}]}) as server:
        assert len(stream_events(ask(server, "x", stream=True))) == 3


def test_requests_without_tools_get_the_side_text():
    with serve({"tool": {"shell": "ls"}}, side_text="a title") as server:
        assert words(ask(server, "x")) == "a title"


def test_a_wrong_key_is_refused():
    with serve({"text": "ok"}, api_key="other") as server:
        assert ask(server, "x").status_code == 401


def test_unknown_keys_are_refused_and_the_scenarios_here_load():
    with pytest.raises(ScenarioError):
        parse_scenarios({"steps": [{"txt": "a typing error"}]})
    assert all(load_scenarios(path) for path in SCENARIOS.glob("*.json"))


def test_a_text_and_a_call_of_the_same_turn_count_once():
    history = [{"role": "user", "content": "go"}, {"role": "assistant", "content": "hi"}]
    history += [{"type": "function_call", "name": "exec_command"}]
    history += [{"type": "function_call_output", "output": "done"}]
    with serve({"text": "one"}, {"text": "two"}, {"text": "three"}) as server:
        body = {"model": "m", "input": history}
        answer = requests.post(f"{server.url}/v1/responses", json=body, timeout=5).json()
    assert answer["output"][0]["content"][0]["text"] == "two"
