"""What an agent is told: the first time, and after an attempt that failed. The wording lies in templates.

All text from outside is fenced, so that it cannot end its block and speak in our name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from issues.context import Context, RelatedFile
from issues.rendering import render
from issues.sanitize import clean, clean_line, code_span, fence, keep_ends, make_visible
from projects.redaction import redact

PROMPT_BYTES = 100_000
FILES_BYTES = 24_000
CHECKS_BYTES = 24_000
CHECKS = 12
ANSWER_BYTES = 6_000
LIST_BYTES = 2_000
LINE_BYTES = 600
LINE_READ = 10_000  # characters of what becomes one line


@dataclass(frozen=True, kw_only=True)
class Task:
    """One issue, and what is known of its repository."""

    repo: str
    issue_number: int
    title: str
    body: str
    labels: tuple[str, ...]
    context: Context
    verification_command: str


@dataclass(frozen=True)
class FailedCheck:
    name: str
    command: str
    exit_status: int | None
    output: str
    fails_on_base: bool = False


@dataclass(frozen=True, kw_only=True)
class Retry:
    """Why there is another attempt. `attempt` is the number of the one that begins now."""

    attempt: int
    max_attempts: int
    reason: str
    failed_checks: tuple[FailedCheck, ...] = ()
    commits: tuple[str, ...] = ()  # one line each, what is on the branch already
    last_answer: str = ""


def render_first(task: Task) -> str:
    return _within_limit("prompts/first.md.j2", task, {})


def render_retry(task: Task, retry: Retry) -> str:
    return _within_limit("prompts/retry.md.j2", task, _of_failure(retry))


def render_failure(retry: Retry) -> str:
    """The part of a retry's prompt that tells what happened before."""
    return render("prompts/failure.md.j2", **_of_failure(retry))


def _of_failure(retry: Retry) -> dict[str, object]:
    failed = retry.failed_checks[:CHECKS]
    share = CHECKS_BYTES // max(1, len(failed))
    return {
        "attempt": retry.attempt,
        "max_attempts": retry.max_attempts,
        "reason": _block(retry.reason, limit=LIST_BYTES),
        "failed_checks": [_failed(check, limit=share) for check in failed],
        "commits_so_far": _list(retry.commits),
        "last_answer": _block(retry.last_answer, limit=ANSWER_BYTES) if retry.last_answer.strip() else "",
    }


def _within_limit(template: str, task: Task, values: dict[str, object]) -> str:
    """The whole prompt, the issue's body getting what the other parts leave of PROMPT_BYTES."""
    context = task.context
    values |= {
        "repo": task.repo,
        "issue_number": task.issue_number,
        "title": _block(clean_line(task.title), limit=LIST_BYTES),
        "labels": _list(clean_line(label, limit=100) for label in task.labels) or "None.",
        "files": _files(context.files),
        "commits": _list(context.recent_commits),
        "configs": _list(context.configs),
        "has_tests": context.has_tests,
        "verification_command": _command(task.verification_command),
    }
    rest = render(template, **values, body="")
    room = PROMPT_BYTES - len(rest.encode())
    body = clean(task.body).strip() or "(The issue has no description.)"
    return render(template, **values, body=_block(body, limit=room))


def _files(files: Iterable[RelatedFile]) -> list[str]:
    blocks, left = [], FILES_BYTES
    for file in files:
        block = "- " + code_span(_line(f"{file.path} ({file.why})"))
        if file.excerpt and left > LIST_BYTES:
            block += "\n" + _block(file.excerpt, limit=left - len(block.encode()) - 1)
        left -= len(block.encode())
        if left < 0:
            break
        blocks.append(block)
    return blocks


def _failed(check: FailedCheck, *, limit: int) -> dict[str, str]:
    name, command = _line(check.name), _command(check.command)
    status = "none, it was ended" if check.exit_status is None else str(check.exit_status)
    if check.fails_on_base:
        status += " (and it fails on the base commit, without any change)"
    room = limit - len((name + command).encode())
    output = _block(check.output, limit=room) if check.output.strip() else "(none)"
    return {"name": name, "command": command, "exit_status": status, "output": output}


def _block(text: str, *, limit: int) -> str:
    return fence(redact(text), limit=limit)


def _list(lines: Iterable[str]) -> str:
    """One line each in one block; nothing for no lines."""
    text = "\n".join(_line(line) for line in lines)
    return _block(text, limit=LIST_BYTES) if text else ""


def _line(text: str) -> str:
    return clean_line(keep_ends(redact(make_visible(text[:LINE_READ])), limit=LINE_BYTES), limit=LINE_BYTES)


def _command(text: str) -> str:
    return code_span(_line(text)) if text.strip() else ""
