"""Finds the files that define or mention what an issue names, reading a limited number of files and bytes."""

from __future__ import annotations

import heapq
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from issues.layout import is_source, is_test
from issues.references import References

FILES_READ = 300
BYTES_READ = 4_000_000
BYTES_OF_ONE = 200_000
SYMBOLS = 12
ERRORS = 4
SHORTEST_ERROR = 12
LONGEST_ERROR = 60
HITS = 6

_WORD = re.compile(r"[a-z]{4,}")
_DEFINED = (
    r"(?:\b(?:def|class|func|function|fn|const|let|var|type|interface|struct|enum|trait|module)[ \t]+"
    r"(?:\([^)\n]{{0,80}}\)[ \t]*)?{0}\b|^[ \t]*{0}[ \t]*[:=])"
)


@dataclass(frozen=True)
class Hit:
    path: str
    why: str
    position: int  # in characters, of the best place
    points: int


def find(references: References, text: str, paths: Iterable[str], read: Callable[[str], str]) -> list[Hit]:
    """The best hits, best first. `read` returns a file's text, empty for what is no text."""
    errors = [message for error in references.errors if (message := _message(error))][:ERRORS]
    symbols = references.symbols[:SYMBOLS]
    if not symbols and not errors:
        return []
    definitions = {symbol: re.compile(_DEFINED.format(re.escape(symbol)), re.MULTILINE) for symbol in symbols}
    hits, left = [], BYTES_READ
    for path in _likeliest(paths, text):
        content = read(path)
        left -= len(content)
        if hit := _look(path, content, definitions, errors):
            hits.append(hit)
        if left <= 0:
            break
    return sorted(hits, key=lambda hit: (-hit.points, is_test(hit.path), hit.path))[:HITS]


def _look(path: str, content: str, definitions: dict[str, re.Pattern[str]], errors: list[str]) -> Hit | None:
    """The sum of the points for all that `content` holds, and the sentence and place of the best find."""
    finds = []
    for symbol, definition in definitions.items():
        position = content.find(symbol)
        if position >= 0 and (match := definition.search(content)):
            finds.append((10, f"defines {symbol}", match.start()))
        elif position >= 0:
            finds.append((1, f"mentions {symbol}", position))
    for message in errors:
        if (position := content.find(message)) >= 0:
            finds.append((8, "holds the text of the error", position))
    if not finds:
        return None
    _, why, position = max(finds, key=lambda one: one[0])
    return Hit(path, why, position, sum(points for points, _, _ in finds))


def _likeliest(paths: Iterable[str], text: str) -> list[str]:
    """The files worth reading: first those that share a rare word with the issue, then code before tests."""
    asked = set(_WORD.findall(text[:20_000].lower()))
    shared = {path: asked.intersection(_WORD.findall(_name(path))) for path in paths if is_source(path)}
    frequency = Counter(word for words in shared.values() for word in words)

    def rank(path: str) -> tuple[int, bool, int, str]:
        rarest = min((frequency[word] for word in shared[path]), default=len(shared))
        return (rarest, is_test(path), path.count("/"), path)

    return heapq.nsmallest(FILES_READ, shared, key=rank)


def _name(path: str) -> str:
    return path.rpartition("/")[2].lower()


def _message(error: str) -> str:
    """The words of an error without its class, when they are long enough to mean one place."""
    message = error.partition(": ")[2].strip()
    return message[:LONGEST_ERROR] if len(message) >= SHORTEST_ERROR else ""
