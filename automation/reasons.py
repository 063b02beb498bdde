"""Why a session stopped and what a person can do about it, in plain words for every reason in the database."""

from __future__ import annotations

from dataclasses import dataclass

from issues.models import IssueSession
from issues.states import Status
from projects.columns import spelled


@dataclass(frozen=True)
class Reason:
    text: str
    remedy: str = ""


READ_AND_RETRY = "Read what went wrong in the last attempt, then retry, or take the issue over yourself."
GOES_ON = "It is tried again by itself; a person can start it at once."

REASONS: dict[str, Reason] = {
    "complex": Reason(
        "The issue looks too complex to begin unasked.",
        "Start it if the description is clear enough, skip it, or split the issue.",
    ),
    "untrusted_author": Reason(
        "Its author may not write to the repository, so it does not start by itself.",
        "Read the issue, then start it to approve it, or skip it. Authors to be trusted are named in the settings.",
    ),
    "edited_after_approval": Reason(
        "Its text was changed after it was started.",
        "Read it again, then start it to approve it, or skip it.",
    ),
    "agent_asked": Reason("The agent has a question.", "Answer in the issue, then start the session again."),
    "agent_blocked": Reason(
        "Something outside its reach blocks the agent.", "Remove what is in its way, then start it again."
    ),
    "budget": Reason(
        "An attempt reached its cost limit.",
        "Raise the limit for an attempt in the project's settings, then start the session again.",
    ),
    "monthly_budget": Reason(
        "The project's monthly budget is used up.",
        "Raise it in the project's settings; else it goes on by itself next month.",
    ),
    "github.rate_limited": Reason(
        "GitHub's limit for its token is used up for now, or what is left is kept for more urgent requests.",
        "It goes on by itself at the time it names. Give busy projects tokens of different accounts.",
    ),
    "keeps_failing": Reason(
        "The agent was started again and again without coming to work.",
        "Correct what the message names, then start the session again.",
    ),
    "handed_over": Reason("Its worker was ended, by a restart for one.", "The next worker goes on with it."),
    "commit_gone": Reason(
        "Its commit is on no host that works and not on GitHub.",
        "It starts again by itself. Let AUTOWRKERS_LOG_ROOT be one folder for all hosts.",
    ),
    "stopped": Reason("A person stopped it.", "Start it again to go on where it stood, or skip it."),
    "push_rejected": Reason("GitHub refused the branch.", "Look at the branch rules on GitHub, then retry."),
    "branch_taken_over": Reason(
        "Somebody else pushed to its branch.",
        "Merge or remove that work, then retry: it is never overwritten.",
    ),
    "base_rewritten": Reason(
        "The default branch no longer holds the commit on which the work began.",
        "Skip it, then start it again: it begins on the present branch.",
    ),
    "secret_in_commit": Reason(
        "A commit holds what looks like a secret, so nothing was published.",
        "Look at the diff. Retry to have the work done again.",
    ),
    "checks_failed": Reason("The checks failed in every attempt.", READ_AND_RETRY),
    "no_commit": Reason("The agent ended without a change.", READ_AND_RETRY),
    "refused": Reason("The agent refused the task.", READ_AND_RETRY),
    "turn_limit": Reason(
        "The agent used up its turns.", "Raise the turns in the settings or split the issue, then retry."
    ),
    "context_too_long": Reason("The task grew too long for the agent.", "Split the issue, then retry."),
    "timeout": Reason(
        "The agent ran out of time.", "Raise the minutes in the settings or split the issue, then retry."
    ),
    "stalled": Reason("The agent fell silent.", READ_AND_RETRY),
    "flood": Reason("The agent wrote more output than anybody could keep.", READ_AND_RETRY),
    "memory": Reason(
        "The agent and what it started took more memory than they may.",
        "Raise AUTOWRKERS_AGENT_MEMORY_MB on the worker's host, or split the issue, then retry.",
    ),
    "processes": Reason("The agent started more processes than it may.", READ_AND_RETRY),
    "writes": Reason(
        "The agent and what it started wrote more to the disk than they may.",
        "Raise AUTOWRKERS_AGENT_DISK_MB on the worker's host, or split the issue, then retry.",
    ),
    "workspace.too_large": Reason(
        "The project's setup command writes more to the disk than it may.",
        "Correct it, or raise AUTOWRKERS_AGENT_DISK_MB on the worker's host.",
    ),
    "crashed": Reason("The agent ended with an error.", READ_AND_RETRY),
    "agent_auth": Reason("The agent's account is refused.", "Sign the agent in again on the worker's host."),
    "usage_limit": Reason("The agent's account is used up for now.", "Raise its limit, or wait."),
    "missing_tool": Reason("A program is missing on the worker's host.", "Install it; it goes on by itself."),
    "overdue": Reason(
        "Its worker hung in the same step again and again.",
        "Read the worker's log, mend what it names, then start the session again.",
    ),
    "setup": Reason("The project's setup command fails.", "Correct it in the project's settings."),
    "sandbox": Reason("The sandbox cannot be started.", "An administrator sees on the Doctor page why."),
    "disk": Reason("The disk is full, or nearly.", "Free space on the worker's host; it goes on by itself."),
    "internal_error": Reason(
        "Something went wrong inside the product.", "The worker's log has the details. " + GOES_ON
    ),
}
OF_STATUS = {
    Status.FAILED: Reason("All attempts are used up.", READ_AND_RETRY),
    Status.NEEDS_REVIEW: Reason("It waits for a decision.", "Start it to go on, or skip it."),
}
JOURNAL = {
    "auto_start": "started by itself",
    "checks_failed": "the checks failed",
    "branch_deleted": "its branch was deleted",
    "effect_refused": "GitHub does not let its token do so; it is tried again by itself",
    "filtered": "left out by the project's filter",
    "issue_closed": "its issue was closed",
    "issue_deleted": "its issue was deleted",
    "issue_transferred": "its issue was moved to another repository",
    "matches_again": "fits the project's filter again",
    "merged": "its pull request was merged",
    "mended": "what was in its way is mended",
    "paused": "the automation was paused",
    "pr_closed": "its pull request was closed without a merge",
    "pr_decided": "its pull request was decided on GitHub",
    "pr_reopened": "its pull request was reopened",
    "retried_by_person": "retried by a person",
    "skip_label": "has a label that the project skips",
    "skipped_by_person": "skipped by a person",
    "trusted_author": "its author is trusted now",
    "started_by_person": "started by a person",
}
PARKED = Reason("It cannot go on for now.", GOES_ON)


def reason_of(session: IssueSession) -> Reason:
    """What its row says; a reason that is not known here is told by the status."""
    return REASONS.get(session.reason) or OF_STATUS.get(Status(session.status), PARKED)


def in_words(code: str) -> str:
    """The reason of a session or of an entry in its journal, to be said in passing: "the agent has a question"."""
    if code in JOURNAL:
        return JOURNAL[code]
    if code not in REASONS:
        return spelled(code)
    text = REASONS[code].text.rstrip(".")
    return text if text.startswith("GitHub") else text[:1].lower() + text[1:]
