"""The events of a log as HTML: each in a row with its number, tools folded, errors open, all of it inert."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from automation.rendering import ansi, markdown
from automation.rendering.diffs import mini_diff
from automation.rendering.highlighting import Colours
from automation.transcripts.kinds import Kind, Shown
from issues.sanitize import clean_line, keep_ends, make_visible
from projects.columns import spelled

CLIP = 20_000  # bytes of one text
SHORT = 2_000  # where several long texts meet in one event
MOST_BYTES = 60_000  # of one event's HTML
SUMMARY = 160
LINE = 300
LINES = frozenset({Kind.NOTE, Kind.STDERR, Kind.OUTPUT, Kind.RETRY, Kind.GAP})
WORDS = {
    Kind.MESSAGE: ("💬", "Message"),
    Kind.TOOL: ("⚙", "Tool"),
    Kind.RESULT: ("↳", "Result of an earlier call"),
    Kind.STARTED: ("▶", "Started"),
    Kind.FINISHED: ("■", "Finished"),
    Kind.RETRY: ("↻", "The model did not answer, trying again"),
    Kind.NOTE: ("ℹ", "Note"),
    Kind.STDERR: ("!", "Error output"),
    Kind.OUTPUT: ("", ""),
    Kind.OTHER: ("…", "Other"),
    Kind.GAP: ("⋯", "Left out"),
}
ICONS = {"Bash": "❯", "command_execution": "❯", "Read": "▤", "Grep": "⌕", "Glob": "⌕", "web_search": "⌕"}
EDIT_ICON = "✎"
EDITORS = frozenset({"Edit", "Write", "MultiEdit", "apply_patch", "file_change"})


@dataclass(frozen=True)
class Renderer:
    """For one page. `raw_url` leads to the whole log; `waiting` is said of a tool's use that has no result here."""

    raw_url: str
    waiting: str
    colours: Colours = field(default_factory=Colours)

    def row(self, event: Shown) -> dict[str, str]:
        """As the script on the page takes it."""
        return {"id": event.anchor, "html": self.html(event)}

    def html(self, event: Shown) -> SafeString:
        """One event, at most MOST_BYTES of HTML."""
        shown = self._row(event, CLIP if event.part == 0 else SHORT)
        return shown if len(shown.encode()) <= MOST_BYTES else self._row(event, SHORT)

    def _row(self, event: Shown, limit: int) -> SafeString:
        icon, word = WORDS[event.kind]
        context = {
            "event": event,
            "icon": _tool_icon(event.name) if event.kind == Kind.TOOL else icon,
            "word": word,
            "name": clean_line(event.name, limit=80),
            "summary": clean_line(event.detail, limit=SUMMARY),
            "status": self._status(event),
            "line": self._line(event),
            "body": self._body(event, limit),
        }
        return render_to_string("automation/session_log_event.html", context)

    def _status(self, event: Shown) -> str:
        result = event if event.kind == Kind.RESULT else event.result
        if result is None:
            return self.waiting if event.kind == Kind.TOOL else ""
        code = result.exit_status
        if result.is_error:
            return f"exit {code}" if code else "failed"
        return "ok"

    def _line(self, event: Shown) -> SafeString:
        """A short text that stands beside its word, without a block of its own."""
        is_short = event.kind in LINES and len(event.text) <= LINE and "\n" not in event.text
        is_code = event.kind == Kind.RETRY and event.text.isidentifier()
        text = spelled(event.text) if is_code else event.text
        return ansi.to_html(text) if is_short else SafeString("")

    def _body(self, event: Shown, limit: int) -> SafeString:
        if self._line(event):
            return SafeString("")
        if event.kind == Kind.MESSAGE and limit == CLIP:
            html = markdown.to_html(event.text, limit=limit)
            return html + self._rest(len(event.text) > limit) if html else format_html("<p>{}</p>", "(empty)")
        parts = [self._argument(event, limit), self._edits(event, limit), self._text(event.text, limit)]
        if event.result is not None:
            parts.append(self._text(event.result.text, limit))
        return format_html_join("", "{}", ((part,) for part in parts if part))

    def _argument(self, event: Shown, limit: int) -> SafeString:
        """The argument in full, where the summary shows only its beginning."""
        is_whole = event.detail.strip() == clean_line(event.detail, limit=SUMMARY)
        return SafeString("") if is_whole else self._text(event.detail, limit)

    def _edits(self, event: Shown, limit: int) -> SafeString:
        if limit < CLIP:
            words = "\n".join(edit.new for edit in event.edits)
            return self._text(words, limit)
        path = event.detail[:300]
        diffs = [
            (mini_diff(edit.old, edit.new, path=path, colours=self.colours),) for edit in event.edits[:20]
        ]
        return format_html_join("", "{}", diffs)

    def _text(self, text: str, limit: int) -> SafeString:
        """Plain text or a terminal's, its middle left out when it is long."""
        if not text.strip():
            return SafeString("")
        is_long = len(text) > limit or len(text.encode("utf-8", "replace")) > limit
        shown = keep_ends(text.encode("utf-8", "replace").decode(), limit=limit) if is_long else text
        html = ansi.to_html(shown) if "\x1b" in shown else format_html("{}", make_visible(shown))
        return format_html('<pre class="output" tabindex="0">{}</pre>{}', html, self._rest(is_long))

    def _rest(self, is_cut: bool) -> SafeString:
        if not is_cut:
            return SafeString("")
        return format_html(
            '<p class="quiet">Cut here. <a href="{}">Download the full text</a></p>', self.raw_url
        )


def _tool_icon(name: str) -> str:
    return EDIT_ICON if name in EDITORS else ICONS.get(name, WORDS[Kind.TOOL][0])
