"""Source code as safe HTML lines: a closed set of CSS classes, and every invisible character made visible."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_for_filename
from pygments.token import Token, _TokenType, is_token_subtype
from pygments.util import ClassNotFound

LONGEST_SHOWN = 2_000  # characters of a line
LONGEST_COLOURED = 400  # lexers are built for lines that people write
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


def coloured(path: str, lines: Sequence[str]) -> list[SafeString]:
    """Each line as HTML. `path` decides on the language; what is unknown or too long stays plain."""
    shown = [_clipped(visible(line)) for line in lines]
    lexer = _lexer(path)
    if lexer is None or any(len(line) > LONGEST_COLOURED for line in shown):
        return [_html([("", line)]) for line in shown]
    result: list[list[tuple[str, str]]] = [[]]
    for kind, text in lexer.get_tokens("\n".join(shown)):
        for number, part in enumerate(text.split("\n")):
            if number:
                result.append([])
            if part:
                _add(result[-1], _class(kind), part)
    result = result[: len(shown)]
    if [_plain(parts) for parts in result] != shown:  # a lexer that loses text
        return [_html([("", line)]) for line in shown]
    return [_html(parts) for parts in result]


def _add(parts: list[tuple[str, str]], name: str, text: str) -> None:
    if parts and parts[-1][0] == name:
        text = parts.pop()[1] + text
    parts.append((name, text))


@lru_cache(maxsize=256)
def _lexer(path: str) -> Lexer | None:
    name = path.strip('"').rpartition("/")[2][-100:]
    try:
        return get_lexer_for_filename(name, stripnl=False)
    except ClassNotFound:
        return None


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
