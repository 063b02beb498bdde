"""What Claude Code's lines show, and those of agents that print the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from automation.agents import jsonlines as read
from automation.agents.claude_code import SHOWN_INPUTS
from automation.transcripts.kinds import Edit, Kind, Shown

LONGEST = 1 << 21
SHORT = 150  # characters of JSON that are read on one line
SIDES = ("old_string", "new_string", "edits", "content", "patch", "input")


def shown_of(data: dict[str, Any]) -> Iterator[Shown]:
    """The blocks of an answer or of what tools said; nothing for lines of another kind."""
    if data.get("type") not in ("assistant", "user"):
        return
    content = read.mapping(data.get("message")).get("content")
    speaker = "sub-agent" if data.get("parent_tool_use_id") else ""
    if isinstance(content, str):
        yield Shown(Kind.OTHER, name="user message", text=content)
    for block in read.items(content):
        match block.get("type"):
            case "text":
                yield Shown(Kind.MESSAGE, text=read.text(block.get("text"), LONGEST), name=speaker)
            case "tool_use":
                yield _call(block)
            case "tool_result":
                yield _result(block)
            case kind:
                yield Shown(Kind.OTHER, name=read.text(kind, 100) or "block", text=as_json(block))


def as_json(value: object) -> str:
    is_short = len(read.compact(value)) <= SHORT
    try:
        return (
            json.dumps(value, ensure_ascii=False, indent=None if is_short else 2)
            .encode("utf-8", "replace")
            .decode()
        )
    except RecursionError:
        return ""


def _call(block: dict[str, Any]) -> Shown:
    given = read.mapping(block.get("input"))
    key = next((key for key in SHOWN_INPUTS if isinstance(given.get(key), str)), "")
    edits = tuple(_edits(given))
    rest = {name: given[name] for name in given if name != key and not (edits and name in SIDES)}
    return Shown(
        Kind.TOOL,
        name=read.text(block.get("name"), 200),
        detail=read.text(given.get(key), LONGEST) if key else read.compact(given),
        text=as_json(rest) if rest and (key or len(read.compact(given)) > SHORT) else "",
        call=read.text(block.get("id"), 200),
        edits=edits,
    )


def _edits(given: dict[str, Any]) -> Iterator[Edit]:
    """Edit, Write and MultiEdit name the sides alike; apply_patch gives a patch."""
    for part in (given, *read.items(given.get("edits"))):
        if isinstance(part.get("new_string"), str):
            yield Edit(read.text(part.get("old_string"), LONGEST), read.text(part["new_string"], LONGEST))
    if isinstance(given.get("content"), str) and "file_path" in given:
        yield Edit("", read.text(given["content"], LONGEST))
    for name in ("patch", "input"):
        if isinstance(given.get(name), str) and "*** Begin Patch" in given[name][:200]:
            yield sides_of(read.text(given[name], LONGEST))


def sides_of(patch: str) -> Edit:
    lines = [line for line in patch.split("\n") if not line.startswith(("***", "@@"))]
    old = [line[1:] for line in lines if line[:1] in ("-", " ")]
    new = [line[1:] for line in lines if line[:1] in ("+", " ")]
    return Edit("\n".join(old), "\n".join(new))


def _result(block: dict[str, Any]) -> Shown:
    content = block.get("content")
    parts = [read.text(content, LONGEST), *map(_words, read.items(content))]
    return Shown(
        Kind.RESULT,
        text="\n".join(filter(None, parts)),
        is_error=block.get("is_error") is True,
        call=read.text(block.get("tool_use_id"), 200),
    )


def _words(part: dict[str, Any]) -> str:
    """A picture in a result is named, not shown."""
    if "text" in part:
        return read.text(part["text"], LONGEST)
    return f"[{read.text(part.get('type'), 40) or 'part'}]"
