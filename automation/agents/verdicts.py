"""From the way an agent ended to one outcome class and a sentence for people. Exit codes decide nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

from automation.agents.base import AgentResult, Ending, Marker, Outcome
from automation.agents.events import Digest, Finished, Usage

DETAIL_CHARS = 500
MARKER = re.compile(r"/(complete|needs-human|blocked)(?::?\s+(.*)|:)?", re.IGNORECASE)
RESET_EPOCH = re.compile(r"limit reached\|(\d{10})\b")

OUTSIDE = {
    "timeout": Outcome.TIMEOUT,
    "silence": Outcome.STALLED,
    "flood": Outcome.FLOOD,
    "memory": Outcome.MEMORY,
    "processes": Outcome.PROCESSES,
    "writes": Outcome.WRITES,
    "no_space": Outcome.NO_SPACE,
    "turns": Outcome.TURN_LIMIT,
}
NOT_STARTED = re.compile(r"(execvp|failed to execute|env:) .*: No such file or directory")
# The first that is found in the CLI's words decides; these are more exact than an HTTP status.
WORDS = (
    (
        r"usage limit|credit balance is too low|insufficient_quota|exceeded your current quota",
        Outcome.USAGE_LIMIT,
    ),
    (
        r"prompt is too long|context window|context_length_exceeded|input is too long",
        Outcome.CONTEXT_TOO_LONG,
    ),
    (r"no conversation found|no rollout found|thread not found", Outcome.SESSION_LOST),
)
STATUSES = {401: Outcome.AUTH, 403: Outcome.AUTH, 413: Outcome.CONTEXT_TOO_LONG, 429: Outcome.RATE_LIMIT}
STATUSES |= {503: Outcome.OVERLOADED, 529: Outcome.OVERLOADED}
WEAK_WORDS = (
    (r"invalid api key|invalid x-api-key|not logged in|/login|authentication|unauthorized", Outcome.AUTH),
    (r"rate.?limit|too many requests", Outcome.RATE_LIMIT),
    (r"overloaded|high demand|at capacity", Outcome.OVERLOADED),
    (
        r"api error|connection|stream disconnected|network|timed? ?out|error sending request",
        Outcome.MODEL_ERROR,
    ),
)
MESSAGES = {
    Outcome.DONE: "The agent finished.",
    Outcome.NO_CHANGE: "The agent finished without changing anything.",
    Outcome.ASKED: "The agent asks a person:",
    Outcome.BLOCKED: "The agent says that it cannot go on:",
    Outcome.REFUSED: "The model refused the task.",
    Outcome.TURN_LIMIT: "The agent used up its turns.",
    Outcome.BUDGET: "The agent used up its budget.",
    Outcome.AUTH: "The model provider refused the agent's key: check the key given to agents.",
    Outcome.RATE_LIMIT: "The model provider limits our requests for now.",
    Outcome.OVERLOADED: "The model provider is overloaded for now.",
    Outcome.MODEL_ERROR: "The model provider could not answer.",
    Outcome.USAGE_LIMIT: "The model account has no usage left.",
    Outcome.CONTEXT_TOO_LONG: "The conversation became longer than the model can read.",
    Outcome.SESSION_LOST: "The agent does not find the conversation that it was to take up again.",
    Outcome.TIMEOUT: "The agent ran out of time and was ended.",
    Outcome.STALLED: "The agent was silent for too long and was ended.",
    Outcome.FLOOD: "The agent printed more than it may and was ended.",
    Outcome.MEMORY: "The agent and what it started took more memory than they may and were ended.",
    Outcome.PROCESSES: "The agent started more processes than it may and was ended.",
    Outcome.WRITES: "The agent and what it started wrote more than {cap} and were ended.",
    Outcome.NO_SPACE: "The agent was ended, since the disk of its worker's host is nearly full.",
    Outcome.CANCELLED: "The agent was stopped on request.",
    Outcome.HANDED_OVER: "The agent was ended together with its worker; it goes on with the next one.",
    Outcome.CRASHED: "The agent ended without a final word.",
    Outcome.MISSING_TOOL: "The agent's program was not found.",
}


def read_marker(final_text: str) -> tuple[Marker | None, str]:
    """The agent's own last word: its last line, if that is one of the three it was told to end with."""
    lines = final_text.strip().splitlines()
    found = MARKER.fullmatch(lines[-1].strip().strip("`*")) if lines else None
    if found is None:
        return None, ""
    words: dict[str, Marker] = {"complete": "complete", "needs-human": "needs-human", "blocked": "blocked"}
    return words[found[1].lower()], (found[2] or "").strip()


def classify_error(status: int | None, words: str) -> Outcome | None:
    """The class of a failure that the CLI reports, or None when nothing in it is known."""
    for pattern, outcome in WORDS:
        if re.search(pattern, words, re.IGNORECASE):
            return outcome
    if status is not None and status >= 400:
        return STATUSES.get(status, Outcome.MODEL_ERROR)
    for pattern, outcome in WEAK_WORDS:
        if re.search(pattern, words, re.IGNORECASE):
            return outcome
    return None


def reset_moment(words: str) -> datetime | None:
    """When a usage limit ends, where the CLI says so: "...usage limit reached|1760000000"."""
    found = RESET_EPOCH.search(words)
    return datetime.fromtimestamp(int(found[1]), UTC) if found else None


def judge_error(finished: Finished, ending: Ending) -> Outcome:
    words = f"{finished.text}\n{ending.stderr}"
    return classify_error(finished.status, words) or Outcome.CRASHED


def conclude(
    digest: Digest,
    ending: Ending,
    *,
    judge: Callable[[Finished, Ending], Outcome] = judge_error,
    usage: Usage | None = None,
) -> AgentResult:
    """The result of a run, its outcome as `_judge_run` finds it."""
    finished = digest.finished
    has_failed = finished is not None and finished.is_error
    words = finished.text if finished and has_failed else ""
    final_text = finished.text if finished and not has_failed else ""
    final_text = final_text or digest.last_text
    marker, marker_text = read_marker(final_text)
    outcome = _judge_run(digest, ending, judge=judge, marker=marker)
    return AgentResult(
        outcome=outcome,
        message=_message(outcome, marker_text=marker_text, words=words, ending=ending),
        agent_session_id=digest.started.session_id if digest.started else None,
        version=digest.started.version if digest.started else "",
        turns=finished.turns if finished and finished.turns is not None else digest.turns or None,
        input_tokens=usage.input_tokens if usage else None,
        output_tokens=usage.output_tokens if usage else None,
        cost_usd=usage.cost_usd if usage else None,
        final_text=final_text,
        marker=marker,
        marker_text=marker_text,
        retry_at=reset_moment(words) if outcome is Outcome.USAGE_LIMIT else None,
        exit_code=ending.exit_code,
    )


def _judge_run(
    digest: Digest, ending: Ending, *, judge: Callable[[Finished, Ending], Outcome], marker: Marker | None
) -> Outcome:
    """1. A stop that we asked for overrides all, and so does a full disk: nothing that is there may be kept.
    2. The CLI's word that it is done. 3. What ended it from outside; while it was waiting for its model, that was
    the cause. 4. The CLI's error. 5. What stderr says.
    """
    finished, ended_by = digest.finished, ending.ended_by
    if ended_by == "stop":
        return Outcome.CANCELLED
    if ended_by in ("writes", "no_space"):
        return OUTSIDE[ended_by]
    if finished is not None and not finished.is_error:
        return {"needs-human": Outcome.ASKED, "blocked": Outcome.BLOCKED}.get(marker or "", Outcome.DONE)
    if ended_by in ("timeout", "silence") and digest.retrying is not None:
        return classify_error(digest.retrying.status, digest.retrying.message) or Outcome.MODEL_ERROR
    if ended_by in OUTSIDE:
        return OUTSIDE[ended_by]
    if finished is not None:
        return judge(finished, ending)
    if digest.started is None and not digest.last_text and NOT_STARTED.search(ending.stderr):
        return Outcome.MISSING_TOOL
    return classify_error(None, ending.stderr) or Outcome.CRASHED


def _message(outcome: Outcome, *, marker_text: str, words: str, ending: Ending) -> str:
    if outcome in (Outcome.ASKED, Outcome.BLOCKED):
        detail = marker_text or "(it gave no words)"
    elif outcome in (Outcome.DONE, Outcome.CANCELLED):
        detail = ""
    elif outcome is Outcome.CRASHED:
        detail = f"{_exit_words(ending.exit_code)} {words or ending.stderr.strip()[-DETAIL_CHARS:]}"
    else:
        detail = words.strip()
    message = MESSAGES[outcome].replace("{cap}", ending.disk_cap or "it may")
    return f"{message} {detail[:DETAIL_CHARS].strip()}".strip()


def _exit_words(code: int | None) -> str:
    if code is None:
        return ""
    signal = -code if code < 0 else code - 128 if 128 < code < 160 else 0
    return f"(killed by signal {signal})" if signal else f"(exit status {code})"
