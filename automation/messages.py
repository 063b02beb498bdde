"""Every text that we publish on GitHub: pull request, comments, the message of our own commit. Pure.

Whatever an agent or an issue contributed is redacted, then neutralised, before it is put into a template.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from automation.markers import EffectKey, find_marker, marker
from issues.rendering import render
from issues.sanitize import clean_line, code_span, keep_ends, make_visible, neutralise, unlink
from projects.redaction import redact

__all__ = [
    "CheckLine",
    "CommitLine",
    "EffectKey",
    "FailedComment",
    "PullRequestComment",
    "PullRequestText",
    "failed_comment",
    "find_marker",
    "leftovers",
    "marker",
    "pull_request_body",
    "pull_request_comment",
    "pull_request_title",
]

BODY_LIMIT = 60_000  # characters; GitHub refuses more than 65,536
TITLE_LIMIT = 250
SUMMARY_BYTES = 10_000
REASON_BYTES = 2_000
LINE_READ = 10_000  # characters of what becomes one line
COMMITS = 30
CHECKS = 30

_BLANK_LINES = re.compile(r"\n[ \t]*\n\s*")


@dataclass(frozen=True)
class CommitLine:
    sha: str
    subject: str


@dataclass(frozen=True)
class CheckLine:
    """`verdict` as people read it: "passed", "failed before too"."""

    name: str
    command: str
    verdict: str
    duration_ms: int


@dataclass(frozen=True, kw_only=True)
class PullRequestText:
    key: EffectKey
    issue_number: int
    attempts: int
    summary: str  # the agent's last words
    commits: tuple[CommitLine, ...]
    checks: tuple[CheckLine, ...]
    not_run: tuple[str, ...] = ()
    manual_review: str = ""  # why a person should look, as a sentence
    session_url: str


@dataclass(frozen=True, kw_only=True)
class PullRequestComment:
    key: EffectKey
    pr_number: int
    reason: str = ""
    session_url: str


@dataclass(frozen=True, kw_only=True)
class FailedComment:
    key: EffectKey
    attempts: int
    reason: str
    session_url: str


def pull_request_title(issue_number: int, issue_title: str) -> str:
    """The issue's own title, unable to close or notify through the message of a squashed merge."""
    suffix = f" (#{issue_number})"
    title = unlink(_line(issue_title)) or "Work on the issue"
    return clean_line(title, limit=TITLE_LIMIT - len(suffix)) + suffix


def pull_request_body(text: PullRequestText) -> str:
    body = render(
        "github/pull_request.md.j2",
        issue_number=text.issue_number,
        manual_review=_inline(text.manual_review),
        summary=_quoted(_without_marker(text.summary), limit=SUMMARY_BYTES)
        or "The agent left no description.",
        commits=[
            {"sha": code_span(commit.sha[:10]), "subject": _inline(commit.subject)}
            for commit in text.commits[:COMMITS]
        ],
        more_commits=max(0, len(text.commits) - COMMITS),
        checks=[
            {
                "name": _cell(_inline(check.name)),
                "command": _cell(code_span(_line(check.command))) if check.command.strip() else "",
                "verdict": _cell(_inline(check.verdict)),
                "duration": duration(check.duration_ms),
            }
            for check in text.checks[:CHECKS]
        ],
        not_run=", ".join(_inline(name) for name in text.not_run[:CHECKS]),
        attempts=_attempts(text.attempts),
        session_url=text.session_url,
    )
    return _finish(body, text.key)


def pull_request_comment(text: PullRequestComment) -> str:
    reason = _quoted(text.reason, limit=REASON_BYTES)
    body = render(
        "github/comment_pr.md.j2", pr_number=text.pr_number, reason=reason, session_url=text.session_url
    )
    return _finish(body, text.key)


def failed_comment(text: FailedComment) -> str:
    body = render(
        "github/comment_failed.md.j2",
        attempts=_attempts(text.attempts),
        reason=_quoted(text.reason, limit=REASON_BYTES),
        session_url=text.session_url,
    )
    return _finish(body, text.key)


def leftovers(issue_number: int) -> str:
    """The message of the commit that we make of what an agent left uncommitted."""
    return render("github/commit_leftovers.md.j2", issue_number=issue_number)


def duration(milliseconds: int) -> str:
    if milliseconds < 60_000:
        return f"{milliseconds / 1000:.1f} s"
    minutes, seconds = divmod(round(milliseconds / 1000), 60)
    return f"{minutes} min {seconds} s"


def _finish(body: str, key: EffectKey) -> str:
    """Masked as a whole, capped, and marked as ours on the last line."""
    end = "\n" + marker(key)
    body = redact(body)
    if len(body) + len(end) > BODY_LIMIT:
        note = "\n\n[Cut here: the text is too long.]\n"
        body = body[: BODY_LIMIT - len(end) - len(note)] + note
    return body + end


def _attempts(number: int) -> str:
    return f"{number} attempt{'' if number == 1 else 's'}"


def _inline(text: str) -> str:
    return neutralise(_line(text))


def _line(text: str) -> str:
    """Masked before it is cut: a part of a secret is not recognised any more."""
    return clean_line(redact(make_visible(text[:LINE_READ])))


def _without_marker(summary: str) -> str:
    """Without the last line by which an agent tells that it is done."""
    rest, _, last = summary.rstrip().rpartition("\n")
    return rest if last.strip(" `*") == "/complete" else summary


def _quoted(text: str, *, limit: int) -> str:
    """As a block quote: what is left open in it, a code block or a list, ends with it."""
    inert = neutralise(_BLANK_LINES.sub("\n\n", redact(make_visible(text)))).strip()
    lines = keep_ends(inert, limit=limit).split("\n") if inert else []
    return "\n".join(f"> {line}".rstrip() for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
