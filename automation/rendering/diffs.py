"""Diffs as safe HTML: tables with line numbers, signs and highlighting by the classes of `diff.css`.

`render_patch` takes what git prints, `mini_diff` two texts. Neither trusts a byte of what it gets; every page
that shows the result links `automation/diff.css`.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import IO

from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from unidiff.errors import UnidiffParseError
from unidiff.patch import PatchSet

from automation.rendering.highlighting import Colours, visible
from automation.rendering.patches import FilePatch, read_patch
from projects.redaction import redact

HEADER = "--- a/file\n+++ b/file\n"
MINI_LINES = 120
MINI_CHARACTERS = 20_000
CONTEXT = 2
SIGNS = {"+": ("add", "+"), "-": ("del", "−"), " ": ("same", " ")}

Line = tuple[str, int | None, int | None, str]  # kind, number before, number after, text


@dataclass(frozen=True)
class ShownFile:
    """One file as the page shows it; `table` is empty where there is nothing to show, and `notes` say why."""

    anchor: str
    path: str
    notes: str
    added: int
    removed: int
    table: SafeString


def render_patch(patch: str | bytes) -> SafeString:
    """The files of a patch, one below the other, with a list of them in front."""
    data = patch.encode(errors="replace") if isinstance(patch, str) else patch
    return render_files(io.BytesIO(data))


def render_files(source: IO[bytes]) -> SafeString:
    """As `render_patch`, from a stream that may be far larger than what is shown."""
    patch = read_patch(source)
    colours = Colours()
    shown = [_shown(number, file, colours) for number, file in enumerate(patch.files, 1)]
    context = {"files": shown, "patch": patch, "left_out": patch.file_count - len(shown)}
    return render_to_string("automation/session_diff_files.html", context)


def mini_diff(old: str, new: str, *, path: str = "", colours: Colours | None = None) -> SafeString:
    """What changed between two short texts, with a little context; long ones are cut and say so.

    A page that shows several gives them the same `colours`.
    """
    before, is_cut = _short(old)
    after, is_cut_too = _short(new)
    note = "Cut here: the whole change is longer." if is_cut or is_cut_too else ""
    return format_html(
        "{}{}", _table(path, _compared(before, after), "Change", colours or Colours()), _note(note)
    )


def _shown(number: int, file: FilePatch, colours: Colours) -> ShownFile:
    notes, table = file.notes, SafeString("")
    if file.too_large:
        notes.append("too large to show here: download the whole diff")
    elif file.hunks:
        lines = _parsed(file.hunks)
        if lines is None:
            notes.append("could not be read: download the whole diff")
        else:
            table = _table(file.path, lines, f"Changes of file {number}", colours)
    path = visible(file.path[:300])
    said = visible(", ".join(notes)[:500])
    return ShownFile(f"file-{number}", path, said, file.added, file.removed, table)


def _parsed(hunks: str) -> list[Line] | None:
    """The lines of all hunks, each hunk after a line of kind `@`. None for what is no valid patch."""
    try:
        files = PatchSet.from_string(HEADER + hunks)
    except UnidiffParseError:
        return None
    lines: list[Line] = []
    for hunk in (hunk for file in files for hunk in file):
        section = hunk.section_header.strip()
        if lines or section or hunk.target_start > 1:
            lines.append(("@", None, None, section))
        for line in hunk:
            text = line.value.removesuffix("\n")
            if line.line_type in SIGNS:
                lines.append((line.line_type, line.source_line_no, line.target_line_no, text))
            elif line.line_type == "\\":
                lines.append(("\\", None, None, "No newline at the end of the file"))
    return lines


def _table(path: str, lines: Sequence[Line], label: str, colours: Colours) -> SafeString:
    """Old and new text are highlighted each for itself, so that a string opened in one does not run on in the other."""
    html: dict[int, SafeString] = {}
    for side in ("-", "+"):
        for block in _blocks(lines, side):
            for index, text in zip(block, colours.lines(path, [lines[i][3] for i in block]), strict=True):
                html[index] = text
    rows = mark_safe("".join(_row(line, html.get(index)) for index, line in enumerate(lines)))  # noqa: S308
    return format_html(
        '<table class="diff" aria-label="{}">'
        '<colgroup><col class="no"><col class="no"><col class="sign"><col></colgroup><tbody>{}</tbody></table>',
        label,
        rows,
    )


def _blocks(lines: Sequence[Line], side: str) -> Iterable[list[int]]:
    """The places of one side's lines, hunk by hunk."""
    block: list[int] = []
    for index, (kind, *_) in enumerate(lines):
        if kind == "@":
            yield block
            block = []
        elif kind in (" ", side):
            block.append(index)
    yield block


def _row(line: Line, html: SafeString | None) -> SafeString:
    kind, before, after, text = line
    if kind not in SIGNS:
        shown = visible(text)[:200]
        return format_html(
            '<tr class="hunk"><td colspan="4">{} {}</td></tr>', "…" if kind == "@" else "⚠", shown
        )
    name, sign = SIGNS[kind]
    return format_html(
        '<tr class="{}"><td class="no">{}</td><td class="no">{}</td><td class="sign">{}</td><td>{}</td></tr>',
        name,
        "" if before is None else before,
        "" if after is None else after,
        sign,
        html or "",
    )


def _compared(before: Sequence[str], after: Sequence[str]) -> list[Line]:
    lines: list[Line] = []
    groups = SequenceMatcher(None, before, after, autojunk=False).get_grouped_opcodes(CONTEXT)
    for number, group in enumerate(groups):
        if number:
            lines.append(("@", None, None, ""))
        for what, i1, i2, j1, j2 in group:
            if what == "equal":
                lines += [(" ", i1 + k + 1, j1 + k + 1, before[i1 + k]) for k in range(i2 - i1)]
            else:
                lines += [("-", i + 1, None, before[i]) for i in range(i1, i2)]
                lines += [("+", None, j + 1, after[j]) for j in range(j1, j2)]
    return lines


def _short(text: str) -> tuple[list[str], bool]:
    """Masked before it is cut: a part of a secret is not recognised any more."""
    masked = redact(text[: 2 * MINI_CHARACTERS])
    lines = masked[:MINI_CHARACTERS].split("\n")
    if lines and not lines[-1]:
        lines.pop()
    return lines[:MINI_LINES], len(lines) > MINI_LINES or len(masked) > MINI_CHARACTERS


def _note(text: str) -> SafeString:
    return format_html_join("", '<p class="quiet">{}</p>', [(text,)] if text else [])
