"""Transcripts on disk, line for line as the agents print them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from issues.models import Attempt

SESSION_ID = "9e4638a1-1271-4fa8-99ce-b0c16cf17725"


def write(attempt: Attempt, lines: Iterable[dict[str, Any]], *, begin: datetime, note: str = "") -> None:
    """The transcript of `attempt`: one entry every seven seconds; `note` is what the runner adds at the end."""
    path = attempt.transcript_path
    path.parent.mkdir(parents=True, exist_ok=True)
    entries = [("stdout", json.dumps(line)) for line in lines] + ([("note", note)] if note else [])
    with path.open("w", encoding="utf-8") as file:
        for number, (stream, text) in enumerate(entries):
            at = (begin + timedelta(seconds=7 * number)).isoformat(timespec="milliseconds")
            file.write(json.dumps({"n": number, "at": at, "stream": stream, "line": text}) + "\n")


class Claude:
    """Lines of `claude -p --output-format stream-json --verbose`."""

    def __init__(self, model: str = "claude-sonnet-5") -> None:
        self.model = model
        self.lines: list[dict[str, Any]] = []
        self.calls = 0
        self._print(
            "system",
            subtype="init",
            cwd="/repository",
            model=model,
            tools=["Bash", "Edit", "Read", "Grep", "Write", "TodoWrite"],
            permissionMode="bypassPermissions",
            claude_code_version="2.1.197",
        )

    def say(self, text: str) -> Claude:
        return self._answer({"type": "text", "text": text})

    def use(self, tool: str, result: str, *, is_error: bool = False, **given: Any) -> Claude:
        """A tool call and its result; `result` None: it is still running."""
        ident = f"toolu_{self.calls:020d}"
        self._answer({"type": "tool_use", "id": ident, "name": tool, "input": given})
        block = {"tool_use_id": ident, "type": "tool_result", "content": result, "is_error": is_error}
        return self._print("user", message={"role": "user", "content": [block]}, parent_tool_use_id=None)

    def overloaded(self) -> Claude:
        return self._print(
            "system",
            subtype="api_retry",
            attempt=1,
            max_retries=2,
            error_status=529,
            error="overloaded_error",
        )

    def end(self, words: str, *, cost: float, turns: int, is_error: bool = False) -> Claude:
        usage = {"input_tokens": 48_210, "cache_read_input_tokens": 812_400, "output_tokens": 9_120}
        return self._print(
            "result",
            subtype="success",
            is_error=is_error,
            num_turns=turns,
            result=words,
            total_cost_usd=cost,
            duration_ms=412_000,
            usage=usage,
        )

    def _answer(self, block: dict[str, Any]) -> Claude:
        self.calls += 1
        message = {
            "id": f"msg_{self.calls:024d}",
            "type": "message",
            "role": "assistant",
            "model": self.model,
        }
        return self._print("assistant", message=message | {"content": [block]}, parent_tool_use_id=None)

    def _print(self, kind: str, **fields: Any) -> Claude:
        self.lines.append({"type": kind, **fields, "session_id": SESSION_ID})
        return self


class Codex:
    """Lines of `codex exec --json`."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = [
            {"type": "thread.started", "thread_id": "01a203bf-30bf-7dc2-8aa6-d171fdfb9f87"},
            {"type": "turn.started"},
        ]
        self.items = 0

    def say(self, text: str) -> Codex:
        return self._item("completed", type="agent_message", text=text)

    def think(self, text: str) -> Codex:
        return self._item("completed", type="reasoning", text=text)

    def run(self, command: str, output: str, exit_code: int = 0) -> Codex:
        shown = {"type": "command_execution", "command": f"/bin/bash -lc {command!r}"}
        self._item("started", **shown, aggregated_output="", exit_code=None, status="in_progress")
        self.items -= 1
        status = "completed" if exit_code == 0 else "failed"
        return self._item("completed", **shown, aggregated_output=output, exit_code=exit_code, status=status)

    def change(self, **paths: str) -> Codex:
        changes = [{"path": path.replace("__", "/"), "kind": kind} for path, kind in paths.items()]
        return self._item("completed", type="file_change", changes=changes, status="completed")

    def end(self) -> Codex:
        usage = {"input_tokens": 216_256, "cached_input_tokens": 180_900, "output_tokens": 6_140}
        self.lines.append({"type": "turn.completed", "usage": usage})
        return self

    def _item(self, phase: str, **fields: Any) -> Codex:
        self.lines.append({"type": f"item.{phase}", "item": {"id": f"item_{self.items}", **fields}})
        self.items += 1
        return self
