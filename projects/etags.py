"""Entity tags: what a client read is named by two hashes, so that nobody overwrites what they never saw.

A tag is `"<settings>.<body>"`: `If-None-Match` compares all of it, `If-Match` only the settings, since what the product
itself counts and measures changes all the time and is overwritten by nobody.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from typing import Any

from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from projects.problems import Problem

STRONG = re.compile(r'(?<!W/)("[\x21\x23-\x7e]*")')
ANY = re.compile(r'("[\x21\x23-\x7e]*")')


def etag_of(data: Mapping[str, Any], settings: Collection[str]) -> str:
    """The tag of `data`, of which people set the fields named by `settings`."""
    return f'"{_hash({name: data[name] for name in sorted(settings)})}.{_hash(data)}"'


def is_unchanged(request: Request, tag: str) -> bool:
    """Whether the client has this representation already (`If-None-Match`)."""
    asked = request.headers.get("If-None-Match", "").strip()
    return asked == "*" or tag in ANY.findall(asked)


def has_condition(request: Request) -> bool:
    return "If-Match" in request.headers


def check_match(request: Request, tag: str) -> None:
    """Raises a 412 problem when `If-Match` names other settings than the present ones."""
    asked = request.headers.get("If-Match", "").strip()
    if asked != "*" and _settings(tag) not in map(_settings, STRONG.findall(asked)):
        problem = Problem(
            412,
            "precondition_failed",
            "The project has changed since it was read.",
            remedy="Read it again and send the change with the new ETag.",
        )
        problem.headers = {"ETag": tag}
        raise problem


def _settings(tag: str) -> str:
    return tag.strip('"').partition(".")[0]


def _hash(data: Any) -> str:
    return hashlib.sha256(JSONRenderer().render(data)).hexdigest()[:32]
