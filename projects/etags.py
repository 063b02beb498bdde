"""Entity tags: what a client read is named by a hash of its bytes, so that nobody overwrites what they never saw."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from projects.problems import Problem

STRONG = re.compile(r'(?<!W/)("[\x21\x23-\x7e]*")')
ANY = re.compile(r'("[\x21\x23-\x7e]*")')


def etag_of(data: Any) -> str:
    return f'"{hashlib.sha256(JSONRenderer().render(data)).hexdigest()[:32]}"'


def is_unchanged(request: Request, tag: str) -> bool:
    """Whether the client has this representation already (`If-None-Match`)."""
    asked = request.headers.get("If-None-Match", "").strip()
    return asked == "*" or tag in ANY.findall(asked)


def has_condition(request: Request) -> bool:
    return "If-Match" in request.headers


def check_match(request: Request, tag: str) -> None:
    """Raises a 412 problem when `If-Match` names another representation than the present one."""
    asked = request.headers.get("If-Match", "").strip()
    if asked != "*" and tag not in STRONG.findall(asked):
        problem = Problem(
            412,
            "precondition_failed",
            "The project has changed since it was read.",
            remedy="Read it again and send the change with the new ETag.",
        )
        problem.headers = {"ETag": tag}
        raise problem
