"""The few ids and references of a payload that say what to read again. No text of people is kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from projects.validators import is_repo

T = TypeVar("T")
LARGEST = 2**63 - 1
MOST = 20
ACTION = re.compile(r"[a-z_]{1,64}")
SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
BRANCH = re.compile(r"[^\x00-\x20\x7f-\x9f~^:?*\[\\\ud800-\udfff]{1,255}")
HEADS = "refs/heads/"


def extract(payload: dict[str, Any]) -> dict[str, Any]:
    """`action, repository_id, repository, hook_id, issue, pulls, shas, branches`: each only where it was found.

    What has another type than GitHub documents is left out.
    """
    found = {
        "action": _text(payload.get("action"), ACTION.fullmatch),
        "repository_id": _number(_dig(payload, "repository", "id")),
        "repository": _text(_dig(payload, "repository", "full_name"), is_repo),
        "hook_id": _number(payload.get("hook_id")),
        "issue": None if _is_pull(payload) else _number(_dig(payload, "issue", "number")),
        "pulls": _pulls(payload),
        "shas": _several(_shas(payload), lambda value: _text(value, SHA.fullmatch)),
        "branches": _several(_branches(payload), lambda value: _text(value, BRANCH.fullmatch)),
    }
    return {name: value for name, value in found.items() if value}


def _is_pull(payload: dict[str, Any]) -> bool:
    """A comment on a pull request comes as one on an issue."""
    return isinstance(_dig(payload, "issue", "pull_request"), dict)


def _pulls(payload: dict[str, Any]) -> list[int]:
    named = [_dig(payload, "pull_request", "number")]
    if _is_pull(payload):
        named.append(_dig(payload, "issue", "number"))
    for kind in ("check_run", "check_suite"):
        named += [_dig(pull, "number") for pull in _list(_dig(payload, kind, "pull_requests"))]
    return _several(named, _number)


def _shas(payload: dict[str, Any]) -> list[object]:
    return [
        _dig(payload, "pull_request", "head", "sha"),
        _dig(payload, "check_run", "head_sha"),
        _dig(payload, "check_suite", "head_sha"),
        payload.get("sha"),
        payload.get("after"),
    ]


def _branches(payload: dict[str, Any]) -> list[object]:
    ref = payload.get("ref")
    pushed = ref.removeprefix(HEADS) if isinstance(ref, str) and ref.startswith(HEADS) else None
    named = [pushed, _dig(payload, "check_suite", "head_branch")]
    return [*named, *(_dig(branch, "name") for branch in _list(payload.get("branches")))]


def _dig(value: object, *names: str) -> object:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _list(value: object) -> list[object]:
    return value[:MOST] if isinstance(value, list) else []


def _several(values: Iterable[object], read: Callable[[object], T | None]) -> list[T]:
    read_ones = [found for found in map(read, values) if found is not None]
    return list(dict.fromkeys(read_ones))[:MOST]


def _number(value: object) -> int | None:
    return value if type(value) is int and 0 < value <= LARGEST else None


def _text(value: object, is_good: Callable[[str], object]) -> str | None:
    return value if isinstance(value, str) and is_good(value) else None
