"""Source code as safe HTML lines: a closed set of CSS classes, and every invisible character made visible."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import PurePosixPath

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Token, _TokenType, is_token_subtype

LONGEST_SHOWN = 2_000  # characters of a line
# A lexer is made of regular expressions, and some take time that grows with the square of a hostile text. One
# search cannot be stopped, so what a lexer gets is bounded, and those that are slow even so are not in the list.
LONGEST_COLOURED = 400  # characters of a line; lexers are built for lines that people write
BLOCK_COLOURED = 3_000  # characters of one side of a hunk
PAGE_COLOURED = 20_000
LANGUAGES = {
    "bash": "sh bash",
    "css": "css",
    "diff": "diff patch",
    "go": "go",
    "ini": "ini cfg",
    "javascript": "js cjs mjs jsx",
    "json": "json",
    "python": "py pyi",
    "ruby": "rb",
    "rust": "rs",
    "sql": "sql",
    "toml": "toml",
    "typescript": "ts cts mts tsx",
    "yaml": "yaml yml",
}
ENDINGS = {f".{ending}": name for name, endings in LANGUAGES.items() for ending in endings.split()}
CLASSES: tuple[tuple[_TokenType, str], ...] = (
    (Token.Comment, "tok-comment"),
    (Token.Literal.String.Doc, "tok-comment"),
    (Token.Literal.String, "tok-string"),
    (Token.Literal.Number, "tok-number"),
    (Token.Keyword, "tok-keyword"),
    (Token.Operator.Word, "tok-keyword"),
    (Token.Name.Function, "tok-name"),
    (Token.Name.Class, "tok-name"),
    (Token.Name.Tag, "tok-name"),
    (Token.Name.Decorator, "tok-builtin"),
    (Token.Name.Builtin, "tok-builtin"),
    (Token.Name.Attribute, "tok-builtin"),
)
# Controls but the tab, and what is drawn as nothing or turns the reading direction. Variation selectors and the
# joiners of emoji stay: they are in ordinary text.
_HIDDEN = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200c\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ud800-\udfff\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\U000e0000-\U000e0fff]"
)


def visible(line: str) -> str:
    """One line in which nothing hides: `␍` for a control character, `⟨U+202E⟩` for a sign that turns the text."""
    return _HIDDEN.sub(_sign, line)


class Colours:
    """Lines as HTML, for one page: what goes beyond the page's bound stays plain."""

    def __init__(self) -> None:
        self._left = PAGE_COLOURED

    def lines(self, path: str, lines: Sequence[str]) -> list[SafeString]:
        """Each line of a block as HTML. The ending of `path` decides on the language."""
        shown = [_clipped(visible(line)) for line in lines]
        name = ENDINGS.get(PurePosixPath(path.strip('"')).suffix.lower())
        lexer = _lexer(name) if name else None
        count = self._take(shown) if lexer else 0
        parts = _parts(lexer, shown[:count]) if lexer and count else []
        return [_html(line) for line in parts] + [_html([("", line)]) for line in shown[count:]]

    def _take(self, lines: Sequence[str]) -> int:
        """How many of the lines the bounds leave room for, the first ones."""
        room = min(BLOCK_COLOURED, self._left)
        for count, line in enumerate(lines):
            size = len(_given(line)) + 1
            if size > room:
                return count
            room -= size
            self._left -= size
        return len(lines)


def _parts(lexer: Lexer, lines: Sequence[str]) -> list[list[tuple[str, str]]]:
    """Class and text of what each line is made of."""
    given = [_given(line) for line in lines]
    result: list[list[tuple[str, str]]] = [[]]
    for kind, text in lexer.get_tokens("\n".join(given)):
        for number, part in enumerate(text.split("\n")):
            if number:
                result.append([])
            if part:
                _add(result[-1], _class(kind), part)
    result = result[: len(lines)]
    if [_plain(parts) for parts in result] != given:  # a lexer that loses text
        return [[("", line)] for line in lines]
    for parts, known, line in zip(result, given, lines, strict=True):
        _add(parts, "", line[len(known) :])
    return result


def _given(line: str) -> str:
    """What a lexer gets of a line: nothing of a long one, and no blanks at its end."""
    return line.rstrip() if len(line) <= LONGEST_COLOURED else ""


def _add(parts: list[tuple[str, str]], name: str, text: str) -> None:
    if parts and parts[-1][0] == name:
        text = parts.pop()[1] + text
    parts.append((name, text))


@cache
def _lexer(name: str) -> Lexer:
    return get_lexer_by_name(name, stripnl=False)


@lru_cache(maxsize=512)
def _class(kind: _TokenType) -> str:
    return next((name for parent, name in CLASSES if is_token_subtype(kind, parent)), "")


def _html(parts: Sequence[tuple[str, str]]) -> SafeString:
    pieces = (f'<span class="{name}">{escape(text)}</span>' if name else escape(text) for name, text in parts)
    return mark_safe("".join(pieces))  # noqa: S308  every text is escaped, every class is ours


def _plain(parts: Sequence[tuple[str, str]]) -> str:
    return "".join(text for _, text in parts)


def _clipped(line: str) -> str:
    return line if len(line) <= LONGEST_SHOWN else line[:LONGEST_SHOWN] + " … [line cut]"


def _sign(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"⟨U+{code:04X}⟩"
