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
DEFINITION, ERROR_TEXT, MENTION = 10, 8, 1  # points

_Patterns = tuple[re.Pattern[str], re.Pattern[str]]

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


@dataclass(frozen=True)
class _Find:
    needle: str
    points: int
    why: str
    position: int


def find(references: References, paths: Iterable[str], read: Callable[[str], str]) -> list[Hit]:
    """The best hits in `paths`, best first. `read` returns a file's text, empty for what is no text.

    Ends early when each error and the definition of each symbol is found.
    """
    errors = [message for error in references.errors if (message := _message(error))][:ERRORS]
    symbols = {symbol: _patterns(symbol) for symbol in references.symbols[:SYMBOLS]}
    open_questions = {*errors, *symbols}
    hits, left = [], BYTES_READ
    for path in dict.fromkeys(paths):
        if left <= 0 or not open_questions:
            break
        content = read(path)
        left -= len(content)
        if finds := _look(content, symbols, errors):
            best = max(finds, key=lambda one: one.points)
            hits.append(Hit(path, best.why, best.position, sum(one.points for one in finds)))
            open_questions -= {one.needle for one in finds if one.points > MENTION}
    return sorted(hits, key=lambda hit: (-hit.points, is_test(hit.path), hit.path))[:HITS]


def _look(content: str, symbols: dict[str, _Patterns], errors: list[str]) -> list[_Find]:
    finds = []
    for symbol, (definition, mention) in symbols.items():
        if symbol not in content:
            continue
        if match := definition.search(content):
            finds.append(_Find(symbol, DEFINITION, f"defines {symbol}", match.start()))
        elif match := mention.search(content):
            finds.append(_Find(symbol, MENTION, f"mentions {symbol}", match.start()))
    for message in errors:
        if (position := content.find(message)) >= 0:
            finds.append(_Find(message, ERROR_TEXT, "holds the text of the error", position))
    return finds


def _patterns(symbol: str) -> _Patterns:
    """What defines `symbol`, and what mentions it."""
    name = re.escape(symbol)
    return re.compile(_DEFINED.format(name), re.MULTILINE), re.compile(rf"\b{name}\b")


def likeliest(paths: Iterable[str], text: str) -> list[str]:
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
