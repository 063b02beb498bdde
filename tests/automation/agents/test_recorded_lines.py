"""Both CLIs' adapters against lines that the real CLIs printed (versions 2.1.197 and 0.169.0)."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from automation.agents.base import AgentResult, AgentTask, Ending
from automation.agents.events import Digest, Retry, Text, ToolCall, ToolResult, Turn
from automation.agents.registry import get_adapter

LINES = Path(__file__).parents[2] / "data" / "agents"
LOST = {
    "claude_code": "No conversation found with session ID: b1778a42",
    "codex": "Error: thread/resume: thread/resume failed: no rollout found for thread id 824b4541",
}


def make_task(**fields) -> AgentTask:
    paths = {"work_dir": Path("/repository"), "home": Path("/home/agent")}
    return AgentTask(**{"prompt": "Fix it", "command": "agent", "sandboxed": True, **paths, **fields})


def replay(adapter_name: str, case: str, *, ended_by="exit", exit_code=0, stderr="", **fields) -> AgentResult:
    adapter = get_adapter(adapter_name)
    digest = Digest()
    path = LINES / f"{adapter_name}_{case}.jsonl"
    for line in path.read_bytes().splitlines() if path.exists() else []:
        for event in adapter.parse(line):
            digest.add(event)
    return adapter.finish(make_task(**fields), digest, Ending(exit_code, ended_by, stderr))


def events_of(adapter_name: str, case: str) -> list:
    adapter = get_adapter(adapter_name)
    lines = (LINES / f"{adapter_name}_{case}.jsonl").read_bytes().splitlines()
    return [event for line in lines for event in adapter.parse(line)]


@pytest.mark.parametrize(
    ("adapter", "case", "outcome"),
    [
        ("claude_code", "fix", "done"),
        ("claude_code", "resumed", "done"),
        ("claude_code", "rate_limit_once", "done"),
        ("claude_code", "turn_limit", "turn_limit"),
        ("claude_code", "budget", "budget"),
        ("claude_code", "bad_key", "auth"),
        ("claude_code", "rate_limit", "rate_limit"),
        ("claude_code", "overloaded", "overloaded"),
        ("claude_code", "server_error", "model_error"),
        ("claude_code", "unknown_model", "model_error"),
        ("claude_code", "unreachable", "model_error"),
        ("claude_code", "no_credit", "usage_limit"),
        ("claude_code", "too_long", "context_too_long"),
        ("claude_code", "refused", "refused"),
        ("claude_code", "session_lost", "session_lost"),
        ("codex", "fix", "done"),
        ("codex", "resumed", "done"),
        ("codex", "rate_limit_once", "done"),
        ("codex", "bad_key", "auth"),
        ("codex", "rate_limit", "rate_limit"),
        ("codex", "overloaded", "overloaded"),
        ("codex", "server_error", "overloaded"),
        ("codex", "unknown_model", "model_error"),
        ("codex", "no_credit", "usage_limit"),
        ("codex", "too_long", "context_too_long"),
    ],
)
def test_a_recorded_run_has_its_outcome_whatever_the_exit_code(adapter, case, outcome):
    assert {replay(adapter, case, exit_code=code).outcome for code in (0, 1)} == {outcome}


@pytest.mark.parametrize("adapter", ["claude_code", "codex"])
def test_a_conversation_that_is_gone_is_told_apart(adapter):
    result = replay(adapter, "none", exit_code=1, stderr=LOST[adapter])
    assert result.outcome == "session_lost"


@pytest.mark.parametrize("case", ["fix", "bad_key"])
@pytest.mark.parametrize("adapter", ["claude_code", "codex"])
def test_a_stop_that_we_asked_for_overrides_every_word_of_the_cli(adapter, case):
    assert replay(adapter, case, ended_by="stop").outcome == "cancelled"


def test_waiting_for_an_unreachable_model_is_not_the_agents_silence():
    assert replay("codex", "unreachable", ended_by="silence").outcome == "model_error"
    assert replay("codex", "unreachable", ended_by="timeout").outcome == "model_error"


def test_what_claude_code_used_is_counted():
    result = replay("claude_code", "fix")
    assert (result.turns, result.input_tokens, result.output_tokens) == (4, 21635 + 900, 140)
    assert result.cost_usd == Decimal("0.067275")
    assert result.version == "2.1.197"
    assert result.agent_session_id == "9e4638a1-1271-4fa8-99ce-b0c16cf17725"
    assert (result.marker, result.final_text) == (
        "complete",
        "Fixed issue #7: total() skipped the last value.\n\n/complete",
    )


def test_what_codex_used_is_counted_and_its_cost_is_unknown():
    result = replay("codex", "fix")
    assert (result.turns, result.input_tokens, result.output_tokens, result.cost_usd) == (4, 16256, 140, None)
    assert result.agent_session_id == "01a203bf-30bf-7dc2-8aa6-d171fdfb9f87"
    assert result.marker == "complete"


def test_codex_reports_the_sum_of_a_conversation_so_earlier_runs_are_subtracted():
    prior = {"prior_input_tokens": 16256, "prior_output_tokens": 140}
    result = replay("codex", "resumed", resume=True, session_id="t", **prior)
    assert (result.input_tokens, result.output_tokens) == (21324 - 16256, 154 - 140)


@pytest.mark.parametrize("adapter", ["claude_code", "codex"])
def test_texts_and_tools_are_seen_in_order(adapter):
    seen = [e for e in events_of(adapter, "fix") if isinstance(e, Text | ToolCall | ToolResult)]
    assert seen[0] == Text("I will run the tests first.")
    assert isinstance(seen[1], ToolCall)
    assert "python3 -m unittest" in seen[1].detail
    assert seen[2].id == seen[1].id
    assert "FAILED" in seen[2].text


def test_retries_are_events_and_not_ends():
    assert Retry(429, "rate_limit") in events_of("claude_code", "rate_limit_once")
    assert [e.status for e in events_of("codex", "rate_limit_once") if isinstance(e, Retry)] == [429]


@pytest.mark.parametrize("kind", ["item.started", "item.completed"])
def test_a_tool_of_codex_counts_as_a_turn_when_it_begins_or_is_only_told_at_its_end(kind):
    line = b'{"type":"%s","item":{"id":"item_1","type":"file_change","status":"completed"}}' % kind.encode()
    assert Turn("item_1") in get_adapter("codex").parse(line)
