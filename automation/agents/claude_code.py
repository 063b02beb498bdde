"""Claude Code: its command line, and its stream of JSON lines.

https://docs.claude.com/en/docs/claude-code/cli-reference and .../headless
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from automation.agents import jsonlines as read
from automation.agents.base import AgentResult, AgentTask, Ending, Launch, Outcome
from automation.agents.events import (
    Digest,
    Event,
    Finished,
    Retry,
    Started,
    Text,
    ToolCall,
    ToolResult,
    Turn,
    Usage,
)
from automation.agents.verdicts import conclude, judge_error

SUPPORTED_VERSION = "2.1.197"
ENVIRONMENT = {
    "CLAUDE_CODE_MAX_RETRIES": "2",  # by default it retries ten times, for two minutes, even a wrong key
    "DISABLE_AUTOUPDATER": "1",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
}
# A repository's own settings, hooks and servers are not ours to run: only those of the agent's home count.
FOREIGN_REPOSITORY = ("--setting-sources", "user", "--strict-mcp-config")
REASONS = {
    "error_max_turns": Outcome.TURN_LIMIT,
    "error_max_budget_usd": Outcome.BUDGET,
    "refusal": Outcome.REFUSED,
}
SHOWN_INPUTS = ("command", "file_path", "path", "pattern", "url", "description")


class ClaudeCode:
    name = "claude_code"
    supported_version = SUPPORTED_VERSION
    can_resume = True
    chooses_session_id = True
    limits_turns = True

    def build(self, task: AgentTask) -> Launch:
        argv = [task.command, "-p", "--output-format", "stream-json", "--verbose", *FOREIGN_REPOSITORY]
        if task.model:
            argv += ["--model", task.model]
        if task.max_turns is not None:
            argv += ["--max-turns", str(task.max_turns)]
        if task.max_cost_usd is not None:
            argv += ["--max-budget-usd", str(task.max_cost_usd)]
        if task.session_id:
            argv += ["--resume" if task.resume else "--session-id", task.session_id]
        env = {**task.environment, **ENVIRONMENT}
        if task.sandboxed:
            argv.append("--dangerously-skip-permissions")
            env["IS_SANDBOX"] = "1"  # or it refuses that option to root
        else:
            argv += ["--permission-mode", "acceptEdits"]
        return Launch(tuple(argv), env, stdin=task.prompt.encode())

    def parse(self, line: bytes) -> Sequence[Event]:
        return parse_line(line)

    def finish(self, task: AgentTask, digest: Digest, ending: Ending) -> AgentResult:
        usage = digest.finished.usage if digest.finished else None
        return conclude(digest, ending, judge=judge_reason, usage=usage)


def judge_reason(finished: Finished, ending: Ending) -> Outcome:
    return REASONS.get(finished.reason) or judge_error(finished, ending)


def parse_line(line: bytes) -> Sequence[Event]:
    """Unknown kinds of lines mean nothing to us: the transcript has them."""
    data = read.decode(line)
    match data.get("type"), data.get("subtype"):
        case "system", "init":
            session_id, version = read.text(data.get("session_id"), 200), data.get("claude_code_version")
            return (Started(session_id, read.text(data.get("model"), 200), read.text(version, 50)),)
        case "system", "api_retry":
            return (Retry(read.number(data.get("error_status")), read.text(data.get("error"), 500)),)
        case "assistant", _:
            return _assistant_events(data)
        case "user", _:
            blocks = read.items(read.mapping(data.get("message")).get("content"))
            return [_tool_result(block) for block in blocks if block.get("type") == "tool_result"]
        case "result", _:
            return (_finished(data),)
    return ()


def _assistant_events(data: dict[str, Any]) -> list[Event]:
    """One line per block of the model's answer. What a sub-agent says is no turn and no word of the agent."""
    message = read.mapping(data.get("message"))
    is_own = not data.get("parent_tool_use_id")
    events: list[Event] = [Turn(read.text(message.get("id"), 200))] if is_own else []
    for block in read.items(message.get("content")):
        if block.get("type") == "text" and is_own:
            events.append(Text(read.text(block.get("text"))))
        elif block.get("type") == "tool_use":
            given = read.mapping(block.get("input"))
            detail = next((given[key] for key in SHOWN_INPUTS if isinstance(given.get(key), str)), None)
            shown = read.text(detail, 2_000) if detail is not None else read.compact(given)
            events.append(ToolCall(read.text(block.get("id"), 200), read.text(block.get("name"), 200), shown))
    return events


def _tool_result(block: dict[str, Any]) -> ToolResult:
    content = block.get("content")
    parts = [read.text(content, 4_000), *(read.text(part.get("text"), 4_000) for part in read.items(content))]
    shown = "\n".join(filter(None, parts))
    return ToolResult(read.text(block.get("tool_use_id"), 200), shown, block.get("is_error") is True)


def _finished(data: dict[str, Any]) -> Finished:
    """`subtype` "success" with `is_error` is how it reports an error of the model's API."""
    subtype, is_refusal = read.text(data.get("subtype"), 100), data.get("stop_reason") == "refusal"
    errors = data.get("errors")
    words = [data.get("result"), *(errors if isinstance(errors, list) else [])]
    return Finished(
        is_error=data.get("is_error") is not False or subtype != "success" or is_refusal,
        reason="refusal" if is_refusal else subtype,
        status=read.number(data.get("api_error_status")),
        text="\n".join(filter(None, map(read.text, words))),
        turns=read.number(data.get("num_turns")),
        usage=_usage(data),
    )


def _usage(data: dict[str, Any]) -> Usage | None:
    counts = read.mapping(data.get("usage"))
    parts = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    given = [read.number(counts.get(part)) for part in parts]
    output = read.number(counts.get("output_tokens"))
    if given[0] is None or output is None:
        return None
    total = read.number(sum(n for n in given if n)) or 0
    return Usage(total, output, read.money(data.get("total_cost_usd")))
