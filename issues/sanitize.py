"""Text from outside made safe to read, to hand to an agent and to publish; what was visible stays.

Nothing here knows where the text came from. Escaping for HTML pages is the page templates' own work.
"""

from __future__ import annotations

import re
import unicodedata

BODY_LIMIT = 65_536  # characters; what GitHub itself allows in an issue's body
LINE_LIMIT = 256
MARKS_IN_A_ROW = 8  # real scripts need fewer, and NFC needs quadratic time for long runs (measured)
BINARY_SHARE = 0.1
BINARY_MINIMUM = 32
BACKTICKS_IN_A_ROW = 32

_ESCAPE_SEQUENCES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?)")
_NEWLINES = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
# What nobody types: controls, lone surrogates, noncharacters, the sign for bytes that could not be decoded.
_BINARY = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\ufffd"
_BINARY_CHARACTERS = re.compile(f"[{_BINARY}]")
# Controls, and all that is drawn as nothing or turns the reading direction: soft hyphen, joiners, fillers,
# zero-width and bidi signs, variation selectors, annotation and layout controls, tags U+E0000-E0FFF.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ud800-\udfff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U000133f0-\U000133ff\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+"
)
_MENTION = re.compile(r"(?<![A-Za-z0-9])@(?=[A-Za-z0-9])")
_REFERENCE = re.compile(r"(?i)(#|\bGH-|/(?:issues|pull|discussions)/)(?=\d)")
_ENTITY = re.compile(r"&(?=#|[A-Za-z][A-Za-z0-9]{0,31};)")
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_BACKTICKS = re.compile(r"`+")


def clean(text: str, *, limit: int = BODY_LIMIT) -> str:
    """`text` as a person would see it on GitHub, at most `limit` characters.

    1. Cut what is far too long before anything expensive looks at it.
    2. Refuse what looks like binary data.
    3. Remove the invisible, bring letters and newlines to one form.
    4. Remove HTML comments.
    5. Cap, and say so.
    """
    head = text[: 4 * limit]
    binary = len(_BINARY_CHARACTERS.findall(_ESCAPE_SEQUENCES.sub("", head)))
    if binary >= BINARY_MINIMUM and binary > BINARY_SHARE * len(head):
        return f"[This text looks like binary data ({len(text):,} characters) and was left out.]"[:limit]
    cleaned = _without_comments(make_visible(head))
    if len(cleaned) <= limit and len(head) == len(text):
        return cleaned
    note = f"\n\n[Cut here: the whole text has {len(text):,} characters.]"
    return (cleaned[: max(0, limit - len(note))] + note)[:limit]


def clean_line(text: str, *, limit: int = LINE_LIMIT) -> str:
    """`text` as one visible line of at most `limit` characters."""
    line = " ".join(make_visible(text[: 4 * limit]).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def make_visible(text: str) -> str:
    """Only what can be seen: no escape sequences, controls, zero-width, bidi or tag characters; in NFC."""
    text = _ESCAPE_SEQUENCES.sub("", text)
    text = _INVISIBLE.sub("", _NEWLINES.sub("\n", text))
    return text if text.isascii() else unicodedata.normalize("NFC", _thin_marks(text))


def unlink(text: str) -> str:
    """Text that notifies and closes nothing on GitHub: a space goes into each @mention and issue reference.

    GitHub looks for both in the rendered text, so a backslash or an entity would not stop it.
    """
    return _REFERENCE.sub(r"\1 ", _MENTION.sub("@ ", text))


def neutralise(text: str) -> str:
    """Text of an agent as inert Markdown: unlinked, without HTML, so that it cannot forge our marker."""
    return _TAG.sub("&lt;", _ENTITY.sub("&amp;", unlink(make_visible(text))))


def fence(text: str, *, limit: int) -> str:
    """`text` as a Markdown code block that its content cannot end, at most `limit` bytes: head and tail."""
    if len(text) > 8 * limit:
        text = f"{text[: 4 * limit]}\n[…]\n{text[-4 * limit :]}"
    visible = _BACKTICKS.sub(lambda run: run[0][:BACKTICKS_IN_A_ROW], make_visible(text))
    longest = max((len(run) for run in _BACKTICKS.findall(visible)), default=0)
    ticks = "`" * max(3, longest + 1)
    inside = keep_ends(visible.strip("\n"), limit=limit - 2 * len(ticks) - 2)
    return f"{ticks}\n{inside}\n{ticks}"


def code_span(line: str) -> str:
    """One line as inline code in Markdown, which its content cannot end."""
    longest = max((len(run) for run in _BACKTICKS.findall(line)), default=0)
    ticks = "`" * (longest + 1)
    return f"{ticks} {line} {ticks}" if longest else f"`{line}`"


def keep_ends(text: str, *, limit: int) -> str:
    """`text` in at most `limit` bytes of UTF-8, its middle replaced by a sentence when it is longer."""
    data = text.encode()
    if len(data) <= limit:
        return text
    note = f"\n[… middle left out: {len(data):,} bytes in all …]\n"
    half = max(0, limit - len(note.encode())) // 2
    head, tail = data[:half], data[len(data) - half :]
    return (head.decode(errors="ignore") + note + tail.decode(errors="ignore"))[: max(0, limit)]


def _thin_marks(text: str) -> str:
    kept, run = [], 0
    for character in text:
        run = run + 1 if unicodedata.combining(character) else 0
        if run <= MARKS_IN_A_ROW:
            kept.append(character)
    return "".join(kept)


def _without_comments(text: str) -> str:
    """Without `<!-- … -->`; an unclosed one at the start of a line hides the rest on GitHub."""
    pieces, position = [], 0
    while (start := text.find("<!--", position)) >= 0:
        pieces.append(text[position:start])
        end = text.find("-->", start + 2)
        if end < 0:
            line = text[text.rfind("\n", 0, start) + 1 : start]
            position = start if line.strip() else len(text)
            break
        position = end + 3
    pieces.append(text[position:])
    # Removing a comment can bring the halves of another one together, which GitHub would show.
    return "".join(pieces).replace("<!--", "&lt;!--")
