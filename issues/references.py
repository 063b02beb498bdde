"""What an issue's text names: files, symbols of code, errors. In linear time on any input, and capped.

No pattern here can match a part of the text in two ways, or its attempts are few and short.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from issues.layout import is_file_name

TEXT_LIMIT = 131_072  # twice the longest issue body that GitHub stores
PATHS = 50
SYMBOLS = 50
ERRORS = 10
ERROR_LENGTH = 200

_PRODUCTS = re.compile(
    r"(?i)(?:node|vue|next|nuxt|react|express|angular|ember|three|d3|chart|discord|alpine)\.js$"
)
_COMMON_CALL = re.compile(r"(?i)(?:print|len|str|int|list|dict|set|range|open|type|for|while|return)$")
_URL = re.compile(r"https?://[^\s<>\"'`)\]]+")
_IN_REPOSITORY = re.compile(r"/(?:blob|tree|blame|raw)/[^/\s]+/([^\s#?]+)")
_PATH_WORD = re.compile(r"[\w@.+/\\-]+")
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
_CAMEL = re.compile(r"[a-z0-9][A-Z]")
_ERROR_WORD = re.compile(r"(?i)error|exception|warning|panic|fatal|fault")
_ERROR_LINE = re.compile(
    r"[ \t>|]*(?:E[ \t]+|Uncaught |Caused by: |thread '[^'\n]{1,60}' |[^\s:]{1,160}(?::\d{1,9}){0,2}: )?"
    r"(?P<error>[A-Za-z_][\w.]*(?:Error|Exception|Warning)\b"
    r"|(?i:error|fatal|panic(?:ked)?|segmentation fault)\b)"
)


@dataclass(frozen=True)
class References:
    """In the order of the text, without doubles."""

    paths: tuple[str, ...]
    symbols: tuple[str, ...]
    errors: tuple[str, ...]


def extract(text: str) -> References:
    text = text[:TEXT_LIMIT]
    text = _URL.sub(_path_in_url, text)
    paths = _paths(text)
    parts = {part for path in paths for part in re.split(r"[/.]", path)}
    return References(paths=paths, symbols=_symbols(text, apart_from=parts), errors=_errors(text))


def _path_in_url(url: re.Match[str]) -> str:
    inside = _IN_REPOSITORY.search(url[0])
    return inside[1] if inside else " "


def _paths(text: str) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for word in _PATH_WORD.finditer(text):
        if (path := _as_path(word[0])) and len(found) < PATHS:
            found.setdefault(path)
    return tuple(found)


def _as_path(word: str) -> str:
    """`word` as a relative path with forward slashes when it names a file, else nothing."""
    if len(word) > 300:
        return ""
    path = word.replace("\\", "/").rstrip("./-").lstrip("/-")
    while path.startswith(("./", "../")):
        path = path.partition("/")[2]
    name = path.rpartition("/")[2]
    return path if is_file_name(name) and not _PRODUCTS.match(name) else ""


def _symbols(text: str, *, apart_from: set[str]) -> tuple[str, ...]:
    """Names that can only be code: in_snake, InCamel, called(), or alone between backticks."""
    found: dict[str, None] = {}
    for word in _IDENTIFIER.finditer(text):
        name, end = word[0], word.end()
        if not 3 <= len(name) <= 80 or name in found or name in apart_from:
            continue
        after = text[end : end + 1]
        quoted = after == "`" and text[word.start() - 1 : word.start()] == "`"
        coded = "_" in name.strip("_") or _CAMEL.search(name) is not None or quoted
        if (coded or after == "(") and not _COMMON_CALL.match(name):
            found.setdefault(name)
            if len(found) == SYMBOLS:
                break
    return tuple(found)


def _errors(text: str) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for line in text.split("\n"):
        head = line[: 2 * ERROR_LENGTH]
        if _ERROR_WORD.search(head) and (match := _ERROR_LINE.match(head)):
            found.setdefault(head[match.start("error") :][:ERROR_LENGTH].rstrip(" \t|`"))
            if len(found) == ERRORS:
                break
    return tuple(found)
