"""What the server needs of a request and says in a reply, whatever the provider's dialect."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.modelserver.scenario import fill

# An abstract {"shell": "..."} call is sent under whichever of these tools the client declared.
SHELL_TOOLS = ("Bash", "exec_command", "shell_command", "shell", "local_shell")


@dataclass(frozen=True)
class Call:
    id: str
    name: str
    arguments: Any


@dataclass(frozen=True)
class Reply:
    text: str | None
    calls: list[Call]
    usage: dict[str, int]
    stop: str | None = None
    chunk_chars: int = 40
    chunk_delay: float = 0.0


@dataclass(frozen=True)
class Request:
    model: str
    stream: bool
    user_text: str  # all of the user's side, system prompt excluded
    system_text: str
    latest: str  # the newest user message or tool results
    turns: int  # groups of assistant messages in the history
    tools: dict[str, dict[str, Any]]


def text_of(content: Any) -> str:
    """Content of any shape (string, blocks, tool results) as text."""
    if isinstance(content, str):
        return content
    if isinstance(content, dict):
        parts = [text_of(content.get(key)) for key in ("text", "content", "output")]
    elif isinstance(content, list):
        parts = [text_of(item) for item in content]
    else:
        parts = []
    return "\n".join(part for part in parts if part)


def summarise(rows: list[tuple[bool, str]]) -> tuple[str, str, int]:
    """Rows of (is assistant, text), in order -> the user's text, its newest part, the assistant's turns."""
    user: list[str] = []
    latest: list[str] = []
    turns, previous = 0, False
    for is_assistant, text in rows:
        if is_assistant:
            turns += not previous
            latest = []
        else:
            user.append(text)
            latest.append(text)
        previous = is_assistant
    return "\n".join(user), "\n".join(latest), turns


def make_call(spec: dict[str, Any], tools: dict[str, dict[str, Any]]) -> Call:
    """{"shell": "cmd"} or {"name": ..., "input": ...} as a call of a tool that the client declared."""
    ident = "call_" + uuid.uuid4().hex[:20]
    if "shell" not in spec:
        return Call(ident, spec["name"], spec.get("input", {}))
    name = next((tool for tool in SHELL_TOOLS if tool in tools), SHELL_TOOLS[0])
    declared = tools.get(name, {})
    properties = (declared.get("input_schema") or declared.get("parameters") or {}).get("properties", {})
    key = next((key for key in ("command", "cmd") if key in properties), "command")
    is_list = properties.get(key, {}).get("type") == "array"
    arguments: dict[str, Any] = {key: ["bash", "-lc", spec["shell"]] if is_list else spec["shell"]}
    if "description" in properties:
        arguments["description"] = spec.get("description", "Run a command")
    return Call(ident, name, arguments)


def make_reply(step: dict[str, Any], request: Request, names: dict[str, str]) -> Reply:
    step = fill(step, names)
    specs = step.get("tools") or ([step["tool"]] if "tool" in step else [])
    calls = [make_call(spec, request.tools) for spec in specs]
    usage = {
        "input": max(1, len(request.system_text + request.user_text) // 4),
        "output": max(1, len(step.get("text") or "") // 4 + 20 * len(calls)),
        "cache_read": 0,
        "cache_write": 0,
        **step.get("usage", {}),
    }
    look = {"chunk_chars": step.get("chunk_chars", 40), "chunk_delay": step.get("chunk_delay", 0.0)}
    return Reply(step.get("text"), calls, usage, step.get("stop"), **look)


def chunks(text: str, size: int) -> Iterator[str]:
    for start in range(0, len(text), max(1, size)):
        yield text[start : start + size]
