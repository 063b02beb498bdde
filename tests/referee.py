"""Judges recorded exchanges by GitHub's OpenAPI description: what we ask and what the stand-in answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import best_match
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from automation.demo.github.messages import Exchange

DESCRIPTION = Path(__file__).parent / "data" / "github" / "openapi.json"
BY_ID = re.compile(r"/repositories/\d+")
FORMATS = FormatChecker(formats=())


@FORMATS.checks("date-time")
def is_date_time(value: object) -> bool:
    try:
        return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


@FORMATS.checks("uri")
def is_uri(value: object) -> bool:
    return not isinstance(value, str) or bool(urlsplit(value).scheme)


def assert_valid(requests: Iterable[Exchange]) -> None:
    """Fail with every API exchange that GitHub's description does not allow."""
    wrong = [problem for exchange in requests for problem in problems(exchange)]
    assert not wrong, "\n".join(wrong)


def problems(exchange: Exchange) -> list[str]:
    if exchange.kind != "api":
        return []
    return list(_judge(exchange))


def _judge(exchange: Exchange) -> Iterator[str]:
    named = f"{exchange.method} {exchange.path} -> {exchange.status}: "
    found = rules().operation(exchange.method, exchange.path)
    if found is None:
        yield named + "no such operation"
        return
    template, operation, params = found
    for problem in _judge_query(operation, params, exchange.query):
        yield named + problem
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if exchange.body and body is None:
        yield named + "takes no body"
    elif exchange.body:
        schema = body["schema"]
        sent = json.loads(exchange.body)
        yield from (named + problem for problem in _misfits(schema, sent))
        if schema.get("type") == "object":
            yield from (f"{named}unknown field {name}" for name in set(sent) - set(schema["properties"]))
    if exchange.status and not exchange.injected:
        yield from (named + problem for problem in _judge_answer(operation, exchange))


def _judge_query(operation: dict[str, Any], params: dict[str, str], query: dict[str, str]) -> Iterator[str]:
    known = {(param["in"], param["name"]): param["schema"] for param in operation.get("parameters", [])}
    for place, values in (("path", params), ("query", query)):
        for name, value in values.items():
            schema = known.get((place, name))
            if schema is None:
                yield f"unknown {place} parameter {name}"
                continue
            typed: object = int(value) if schema.get("type") == "integer" and value.isdecimal() else value
            yield from (f"parameter {name}: {problem}" for problem in _misfits(schema, typed))


def _judge_answer(operation: dict[str, Any], exchange: Exchange) -> Iterator[str]:
    if exchange.status == 304 and "if-none-match" in exchange.headers:
        return  # any GET may be conditional, says the guide; the description names few
    described = operation["responses"].get(str(exchange.status))
    if described is None and exchange.status not in (401, 403, 404, 422, 429):
        yield "undescribed status"
        return
    content = (described or {}).get("content", {}).get("application/json")
    if not exchange.answer:
        if content and exchange.status != 304:
            yield "empty answer"
        return
    schema = content["schema"] if content else {"$ref": "#/components/schemas/basic-error"}
    yield from _misfits(schema, json.loads(exchange.answer))


def _misfits(schema: dict[str, Any], value: object) -> list[str]:
    error = best_match(rules().validator(schema).iter_errors(value))
    return [f"{error.json_path}: {error.message[:300]}"] if error else []


class Rules:
    """The description with its references in reach and OpenAPI's `nullable` said in JSON Schema."""

    def __init__(self, text: str) -> None:
        self.document = _resolved(json.loads(text))
        resource = Resource.from_contents(self.document, default_specification=DRAFT202012)
        self._registry = Registry().with_resource("urn:github", resource)
        self._validators: dict[str, Draft202012Validator] = {}
        self._paths = [(self._pattern(path), path) for path in self.document["paths"]]
        self._paths.sort(key=lambda pair: (pair[1].count("{"), -len(pair[1])))

    @staticmethod
    def _pattern(path: str) -> re.Pattern[str]:
        return re.compile(
            re.sub(r"\{(\w+)\}", lambda m: f"(?P<{m[1]}>{'.+?' if m[1] == 'ref' else '[^/]+'})", path)
        )

    def operation(self, method: str, path: str) -> tuple[str, dict[str, Any], dict[str, str]] | None:
        path = BY_ID.sub("/repos/owner/name", path, count=1)
        for pattern, template in self._paths:
            match = pattern.fullmatch(path)
            operation = self.document["paths"][template].get(method.lower()) if match else None
            if match and operation:
                return template, operation, match.groupdict()
        return None

    def validator(self, schema: dict[str, Any]) -> Draft202012Validator:
        key = json.dumps(schema)
        if key not in self._validators:
            absolute = json.loads(key.replace('"#/', '"urn:github#/'))
            self._validators[key] = Draft202012Validator(
                absolute, registry=self._registry, format_checker=FORMATS
            )
        return self._validators[key]


@lru_cache(maxsize=1)
def rules() -> Rules:
    return Rules(DESCRIPTION.read_text())


def _resolved(document: dict[str, Any]) -> dict[str, Any]:
    """Put parameters and responses in place of references to them, and rewrite `nullable`."""

    def visit(node: Any) -> Any:
        if isinstance(node, list):
            return [visit(item) for item in node]
        if not isinstance(node, dict):
            return node
        if re.match("#/components/(parameters|responses)/", str(node.get("$ref"))):
            _, _, section, name = node["$ref"].split("/")
            return visit(document["components"][section][name])
        fresh = {key: visit(value) for key, value in node.items()}
        if fresh.pop("nullable", None) is True:
            return {"anyOf": [{"type": "null"}, fresh]}
        return fresh

    return visit(document)
