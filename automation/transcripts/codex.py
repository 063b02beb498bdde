"""What Codex's lines show: an item is a message, a tool's use, or something else that is kept folded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from automation.agents import jsonlines as read
from automation.agents.codex import TOOLS
from automation.transcripts.claude import LONGEST, as_json
from automation.transcripts.kinds import Kind, Shown


def shown_of(data: dict[str, Any]) -> Iterator[Shown]:
    """Nothing for lines that are not about an item."""
    item = read.mapping(data.get("item"))
    kind, is_done = read.text(item.get("type"), 100), data.get("type") == "item.completed"
    if not item or not (is_done or data.get("type") == "item.started"):
        return
    if kind == "agent_message" and is_done:
        yield Shown(Kind.MESSAGE, text=read.text(item.get("text"), LONGEST))
    elif kind == "error":
        yield Shown(Kind.NOTE, text=read.text(item.get("message"), LONGEST))
    elif kind not in TOOLS:
        yield Shown(Kind.OTHER, name=kind or "item", text=as_json(item))
    elif is_done:
        yield _result(item, kind)
    else:
        yield Shown(Kind.TOOL, name=kind, detail=_detail(item), call=read.text(item.get("id"), 200))


def _result(item: dict[str, Any], kind: str) -> Shown:
    status = item.get("exit_code")
    return Shown(
        Kind.RESULT,
        name=kind,
        detail=_detail(item),
        text=read.text(item.get("aggregated_output"), LONGEST) or _rest(item),
        is_error=item.get("status") == "failed" or status not in (None, 0),
        call=read.text(item.get("id"), 200),
        exit_status=status if isinstance(status, int) else None,
    )


def _rest(item: dict[str, Any]) -> str:
    known = ("id", "type", "command", "changes", "query", "tool", "aggregated_output", "exit_code", "status")
    rest = {name: value for name, value in item.items() if name not in known}
    return as_json(rest) if rest else ""


def _detail(item: dict[str, Any]) -> str:
    changes = read.items(item.get("changes"))
    if changes:
        return ", ".join(
            f"{read.text(one.get('kind'), 20)} {read.text(one.get('path'), 500)}" for one in changes
        )
    shown = item.get("command") or item.get("query") or item.get("tool") or ""
    return read.text(shown, LONGEST) if isinstance(shown, str) else read.compact(shown)
