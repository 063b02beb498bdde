"""The OpenAI Responses dialect: https://platform.openai.com/docs/api-reference/responses and -streaming."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

from tests.modelserver.conversation import Reply, Request, chunks, summarise, text_of

Payload = dict[str, Any]


def read(body: Payload) -> Request:
    given = body.get("input", [])
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    system, rows = text_of(body.get("instructions")), []
    for item in items:
        kind, role = item.get("type", "message"), item.get("role")
        if role in ("system", "developer"):
            system += "\n" + text_of(item.get("content"))
        elif role == "user" or kind.endswith("_output"):
            rows.append((False, text_of(item)))
        else:
            rows.append((True, ""))
    user, latest, turns = summarise(rows)
    declared = [inner for tool in body.get("tools") or [] for inner in tool.get("tools", [tool])]
    tools = {tool.get("name") or tool.get("type", "?"): tool for tool in declared}
    return Request(body.get("model", "?"), bool(body.get("stream")), user, system, latest, turns, tools)


def whole(reply: Reply, request: Request) -> Payload:
    output: list[Payload] = []
    if reply.text:
        part = {"type": "output_text", "text": reply.text, "annotations": []}
        item = {"type": "message", "id": "msg_" + uuid.uuid4().hex[:20], "role": "assistant"}
        output.append({**item, "status": "completed", "content": [part]})
    for call in reply.calls:
        item = {"type": "function_call", "id": "fc_" + call.id[5:], "call_id": call.id, "name": call.name}
        output.append({**item, "status": "completed", "arguments": json.dumps(call.arguments)})
    return {
        "id": "resp_" + uuid.uuid4().hex[:20],
        "object": "response",
        "created_at": int(time.time()),
        "status": "completed",
        "model": request.model,
        "output": output,
        "error": None,
        "usage": {
            "input_tokens": reply.usage["input"],
            "output_tokens": reply.usage["output"],
            "total_tokens": reply.usage["input"] + reply.usage["output"],
            "input_tokens_details": {"cached_tokens": reply.usage["cache_read"]},
            "output_tokens_details": {"reasoning_tokens": 0},
        },
    }


def events(reply: Reply, request: Request) -> Iterator[tuple[str, Payload]]:
    for number, (kind, payload) in enumerate(_plain_events(reply, request), start=1):
        yield kind, {"type": kind, "sequence_number": number, **payload}


def _plain_events(reply: Reply, request: Request) -> Iterator[tuple[str, Payload]]:
    response = whole(reply, request)
    begun = {**response, "status": "in_progress", "output": [], "usage": None}
    yield "response.created", {"response": begun}
    yield "response.in_progress", {"response": begun}
    for index, item in enumerate(response["output"]):
        where = {"output_index": index, "item_id": item["id"]}
        if item["type"] == "message":
            added = {**item, "status": "in_progress", "content": []}
            yield "response.output_item.added", {"output_index": index, "item": added}
            yield from _text_events(item["content"][0], where, reply)
        else:
            added = {**item, "status": "in_progress", "arguments": ""}
            yield "response.output_item.added", {"output_index": index, "item": added}
            kind = "response.function_call_arguments"
            for piece in chunks(item["arguments"], reply.chunk_chars):
                yield f"{kind}.delta", {**where, "delta": piece}
            yield f"{kind}.done", {**where, "arguments": item["arguments"]}
        yield "response.output_item.done", {"output_index": index, "item": item}
    yield "response.completed", {"response": response}


def _text_events(part: Payload, where: Payload, reply: Reply) -> Iterator[tuple[str, Payload]]:
    where = {**where, "content_index": 0}
    yield "response.content_part.added", {**where, "part": {**part, "text": ""}}
    for piece in chunks(part["text"], reply.chunk_chars):
        yield "response.output_text.delta", {**where, "delta": piece}
    yield "response.output_text.done", {**where, "text": part["text"]}
    yield "response.content_part.done", {**where, "part": part}


def error(kind: str, message: str) -> Payload:
    return {"error": {"message": message, "type": kind, "code": kind, "param": None}}
