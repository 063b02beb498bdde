"""Where a session can stand and where it may go from there. Pure: no ORM, no I/O.

`status` is what people see, `step` is where the pipeline stands; a held or parked session keeps its step.
"""

from __future__ import annotations

from django.db.models import TextChoices

MAX_ATTEMPTS = 3
MAX_UNCOUNTED_STARTS = 5


class Status(TextChoices):
    PENDING = "pending", "Pending"
    IN_PROGRESS = "in_progress", "In progress"
    VERIFYING = "verifying", "Verifying"
    PR_CREATED = "pr_created", "PR created"
    COMPLETED = "completed", "Completed"
    FAILED = "failed", "Failed"
    SKIPPED = "skipped", "Skipped"
    NEEDS_REVIEW = "needs_review", "Needs review"


class Step(TextChoices):
    PREPARE = "prepare", "Prepare"
    WORK = "work", "Work"
    VERIFY = "verify", "Verify"
    PUBLISH = "publish", "Publish"
    FOLLOW = "follow", "Follow"


S = Status
MOVES: dict[Status, frozenset[Status]] = {
    S.PENDING: frozenset({S.IN_PROGRESS, S.NEEDS_REVIEW, S.SKIPPED}),
    S.IN_PROGRESS: frozenset({S.VERIFYING, S.IN_PROGRESS, S.NEEDS_REVIEW, S.FAILED, S.SKIPPED}),
    S.VERIFYING: frozenset({S.PR_CREATED, S.IN_PROGRESS, S.NEEDS_REVIEW, S.FAILED, S.SKIPPED}),
    S.PR_CREATED: frozenset({S.COMPLETED, S.FAILED, S.IN_PROGRESS, S.NEEDS_REVIEW, S.SKIPPED}),
    S.NEEDS_REVIEW: frozenset({S.PENDING, S.IN_PROGRESS, S.VERIFYING, S.PR_CREATED, S.FAILED, S.SKIPPED}),
    S.FAILED: frozenset({S.PENDING, S.PR_CREATED, S.SKIPPED}),
    S.SKIPPED: frozenset({S.PENDING}),
    S.COMPLETED: frozenset({S.PENDING}),
}
ENDED = frozenset({S.FAILED, S.SKIPPED, S.COMPLETED})
RUNNABLE = (S.VERIFYING, S.IN_PROGRESS, S.PENDING)

STEP_STATUS: dict[str, Status] = {
    Step.PREPARE: S.PENDING,
    Step.WORK: S.IN_PROGRESS,
    Step.VERIFY: S.VERIFYING,
    Step.PUBLISH: S.VERIFYING,
    Step.FOLLOW: S.PR_CREATED,
}


def may_move(old: str, new: str) -> bool:
    return Status(new) in MOVES[Status(old)]


def resumed_status(step: str) -> Status:
    """The status that a held session returns to: the one of the step where it was held."""
    return STEP_STATUS[step]
