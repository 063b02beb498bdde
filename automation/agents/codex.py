"""Codex: its command line and configuration, and its stream of JSON lines.

https://developers.openai.com/codex/noninteractive and .../codex/config-reference
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from automation.agents import jsonlines as read
from automation.agents.base import AgentResult, AgentTask, Ending, Launch
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
from automation.agents.verdicts import conclude

SUPPORTED_VERSION = "0.169.0"
FOLDER = ".codex"
PUBLIC_API = "https://api.openai.com/v1"
STATUS = re.compile(r"status:? (\d{3})\b")
TOOLS = ("command_execution", "file_change", "mcp_tool_call", "web_search")


class Codex:
    """It has no limit of turns and no prices, and on a resume it reports the conversation's tokens so far."""

    name = "codex"
    supported_version = SUPPORTED_VERSION
    can_resume = True
    chooses_session_id = False
    limits_turns = False

    def build(self, task: AgentTask) -> Launch:
        argv = [task.command, "exec"]
        if task.resume:
            argv.append("resume")
        argv.append("--json")
        if task.sandboxed:
            argv.append("--dangerously-bypass-approvals-and-sandbox")
        else:
            argv += ["-c", 'sandbox_mode="workspace-write"']
        if task.model:
            argv += ["-m", task.model]
        if task.resume and task.session_id:
            argv.append(task.session_id)
        return Launch(
            (*argv, "-"),
            {**task.environment, "CODEX_HOME": str(task.home / FOLDER)},
            stdin=task.prompt.encode(),
            files={f"{FOLDER}/config.toml": configuration(task).encode()},
            version_argv=(task.command, "--version"),
        )

    def parse(self, line: bytes) -> Sequence[Event]:
        data = read.decode(line)
        match data.get("type"):
            case "thread.started":
                return (Started(read.text(data.get("thread_id"), 200)),)
            case "item.started" | "item.completed":
                return _item_events(read.mapping(data.get("item")), is_done=data["type"] == "item.completed")
            case "error":
                words = read.text(data.get("message"), 2_000)
                return (Retry(status_in(words), words),)
            case "turn.completed":
                usage = _usage(read.mapping(data.get("usage")))
                return (Turn("last"), Finished(is_error=False, reason="completed", usage=usage))
            case "turn.failed":
                words = read.text(read.mapping(data.get("error")).get("message"))
                return (Finished(is_error=True, reason="failed", status=status_in(words), text=words),)
        return ()

    def finish(self, task: AgentTask, digest: Digest, ending: Ending) -> AgentResult:
        usage = digest.finished.usage if digest.finished else None
        if usage is not None and task.resume:
            usage = Usage(
                max(usage.input_tokens - task.prior_input_tokens, 0),
                max(usage.output_tokens - task.prior_output_tokens, 0),
            )
        return conclude(digest, ending, usage=usage)


def configuration(task: AgentTask) -> str:
    """config.toml: no analytics, few retries, and the provider that the environment names."""
    lines = []
    if "OPENAI_BASE_URL" in task.environment or "OPENAI_API_KEY" in task.environment:
        lines += ['model_provider = "configured"', "", "[model_providers.configured]", 'name = "Configured"']
        # A TOML string is written as a JSON one.
        lines.append(f"base_url = {json.dumps(task.environment.get('OPENAI_BASE_URL', PUBLIC_API))}")
        lines += ['env_key = "OPENAI_API_KEY"', 'wire_api = "responses"']
        lines += ["request_max_retries = 2", "stream_max_retries = 2", ""]
    return "\n".join([*lines, "[analytics]", "enabled = false", ""])


def status_in(words: str) -> int | None:
    """The HTTP status, which it tells in words only: "unexpected status 401 Unauthorized: ..."."""
    found = STATUS.search(words)
    return int(found[1]) if found else None


def _item_events(item: dict[str, Any], *, is_done: bool) -> list[Event]:
    """A use of a tool counts as a turn, the end as one more: the model's answers are not visible as such."""
    kind, key = item.get("type"), read.text(item.get("id"), 200)
    if kind == "agent_message" and is_done:
        return [Text(read.text(item.get("text")))]
    if kind not in TOOLS:
        return []
    if not is_done:
        return [Turn(key), ToolCall(key, read.text(kind, 50), _tool_detail(item))]
    has_failed = item.get("status") == "failed" or item.get("exit_code") not in (None, 0)
    return [Turn(key), ToolResult(key, read.text(item.get("aggregated_output"), 4_000), has_failed)]


def _tool_detail(item: dict[str, Any]) -> str:
    shown = item.get("command") or item.get("changes") or item.get("query") or item.get("tool") or ""
    return read.text(shown, 2_000) if isinstance(shown, str) else read.compact(shown)


def _usage(counts: dict[str, Any]) -> Usage | None:
    given, output = read.number(counts.get("input_tokens")), read.number(counts.get("output_tokens"))
    return None if given is None or output is None else Usage(given, output)
