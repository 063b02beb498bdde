"""The Anthropic Messages dialect: https://docs.anthropic.com/en/api/messages and its streaming page."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

from tests.modelserver.conversation import Reply, Request, chunks, summarise, text_of

Payload = dict[str, Any]


def read(body: Payload) -> Request:
    messages = [message for message in body.get("messages", []) if message.get("role") != "system"]
    rows = [(message.get("role") == "assistant", text_of(message.get("content"))) for message in messages]
    user, latest, turns = summarise(rows)
    tools = {tool.get("name") or tool.get("type", "?"): tool for tool in body.get("tools") or []}
    system = text_of(body.get("system"))
    return Request(body.get("model", "?"), bool(body.get("stream")), user, system, latest, turns, tools)


def whole(reply: Reply, request: Request) -> Payload:
    content: list[Payload] = [{"type": "text", "text": reply.text}] if reply.text else []
    content += [
        {"type": "tool_use", "id": "toolu_" + call.id[5:], "name": call.name, "input": call.arguments}
        for call in reply.calls
    ]
    return {
        "id": "msg_" + uuid.uuid4().hex[:24],
        "type": "message",
        "role": "assistant",
        "model": request.model,
        "content": content,
        "stop_reason": reply.stop or ("tool_use" if reply.calls else "end_turn"),
        "stop_sequence": None,
        "usage": {
            "input_tokens": reply.usage["input"],
            "output_tokens": reply.usage["output"],
            "cache_read_input_tokens": reply.usage["cache_read"],
            "cache_creation_input_tokens": reply.usage["cache_write"],
        },
    }


def events(reply: Reply, request: Request) -> Iterator[tuple[str, Payload]]:
    message = whole(reply, request)
    usage = {**message["usage"], "output_tokens": 1}
    begun = {**message, "content": [], "stop_reason": None, "usage": usage}
    yield "message_start", {"type": "message_start", "message": begun}
    yield "ping", {"type": "ping"}
    for index, block in enumerate(message["content"]):
        yield from _block_events(index, block, reply)
    delta = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    yield "message_delta", {"type": "message_delta", "usage": message["usage"], "delta": delta}
    yield "message_stop", {"type": "message_stop"}


def _block_events(index: int, block: Payload, reply: Reply) -> Iterator[tuple[str, Payload]]:
    is_text = block["type"] == "text"
    empty = {**block, "text": ""} if is_text else {**block, "input": {}}
    yield "content_block_start", {"type": "content_block_start", "index": index, "content_block": empty}
    for piece in chunks(block["text"] if is_text else json.dumps(block["input"]), reply.chunk_chars):
        delta = {"type": "text_delta", "text": piece}
        if not is_text:
            delta = {"type": "input_json_delta", "partial_json": piece}
        yield "content_block_delta", {"type": "content_block_delta", "index": index, "delta": delta}
    yield "content_block_stop", {"type": "content_block_stop", "index": index}


def error(kind: str, message: str) -> Payload:
    return {
        "type": "error",
        "error": {"type": kind, "message": message},
        "request_id": "req_" + uuid.uuid4().hex[:12],
    }
