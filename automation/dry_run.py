"""What would start now, with which prompt, and why not the others. By the code of the real run; nothing is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Count, Sum

from automation import attempts, authors, dispatch
from automation.agents.registry import get_adapter
from automation.briefing import Reading, write_prompt
from automation.explain import why_waiting
from automation.steps.prepare import free_branch, has_begun
from automation.steps.work import kind_of, resumed
from issues import filters
from issues.context import CommitLike
from issues.models import Attempt, IssueSession
from issues.states import RUNNABLE, Status
from projects.models import Project
from projects.workspace import folders
from projects.workspace.git import Remote
from projects.workspace.mirror import Mirror
from verification.strategy import PlannedCheck, plan, setup_check

COST_DAYS = 30
IN_ORDER = 1000
PASSING = (
    *("github.unavailable", "github.rate_limited", "github.answer_lost"),
    *("git.network", "git.timeout", "git.locked", "git.disk"),
)
SKIPPED = {
    "filtered": "The project's issue filter does not take it.",
    "issue_closed": "The issue is closed.",
    "skipped_by_person": "A person skipped it. Start it to bring it back.",
}


@dataclass(frozen=True)
class Preview:
    """How one session would begin. Without `has_files` the mirror is not there yet, so the prompt names no files."""

    session: IssueSession
    kind: str
    branch: str
    base_sha: str
    checks: tuple[PlannedCheck, ...]
    prompt: str
    has_files: bool


@dataclass(frozen=True)
class UsualCost:
    """What sessions of the last 30 days have cost; None when no agent has told a price above nothing."""

    average: Decimal | None
    sessions: int


class _Unread:
    """The repository before its first fetch."""

    def list_files(self, sha: str) -> Sequence[str]:
        return ()

    def read_file(self, sha: str, path: str, *, max_bytes: int) -> bytes | None:
        return None

    def recent_commits(self, sha: str, paths: list[str], *, limit: int) -> Sequence[CommitLike]:
        return ()

    def commits(self, base: str, head: str) -> Sequence[CommitLike]:
        return ()


def preview(session: IssueSession) -> Preview:
    """Raises AutowrkersError for an agent or an address that cannot be used."""
    project = session.project
    mirror = Mirror(project.mirror_path, Remote(project.clone_url))
    is_there = (mirror.path / "HEAD").is_file()
    base = session.base_sha if has_begun(session) else _tip(mirror, project) if is_there else ""
    head = attempts.last_head(session) if has_begun(session) else base
    before = resumed(session, get_adapter(project.agent), folders.home_path(session.pk))
    kind = kind_of(session, before)
    branch = session.branch_name or free_branch(
        session.github_issue_number, lambda name: is_there and mirror.branch_sha(name) is not None
    )
    with _reading(mirror if head else None) as history:
        prompt = write_prompt(session, history, kind=kind, head_sha=head)
        planned = plan(project, files=history.list_files(head), changed_files=()).checks
    setup = setup_check(project)
    checks = (*((setup,) if setup else ()), *planned)
    return Preview(session, Attempt.Kind(kind).label, branch, base, checks, prompt, bool(head))


def starting(project: Project, now: datetime) -> list[IssueSession]:
    """Trouble that a person must mend keeps everything from starting; a busy world does not."""
    is_blocked = project.error_code and project.error_code not in PASSING
    found = [] if is_blocked else dispatch.would_start(project, now)
    for session in found:
        session.project = project
    return found


def why_not(
    project: Project, sessions: Iterable[IssueSession], now: datetime, *, starts: int
) -> Iterator[tuple[IssueSession, str]]:
    """Each session with the reason why it does not start now; `starts` is how many do.

    What is the same for many is found out once, so that the number of queries does not grow with the sessions.
    """
    running = set(project.sessions.running().values_list("pk", flat=True))
    order = list(dispatch.startable(project, now).values_list("pk", flat=True)[:IN_ORDER])
    known: dict[tuple[object, ...], str] = {}
    for session in sessions:
        session.project = project
        if session.pk in running:
            yield session, "A worker is at it now."
        elif session.status == Status.SKIPPED:
            yield session, _skipped(session)
        elif session.status == Status.NEEDS_REVIEW and session.last_error:
            yield session, f"It waits for a person. {session.last_error}"
        elif session.status == Status.FAILED:
            yield session, "It has failed. A retry opens a new round."
        elif starts and session.pk in order:
            yield session, f"Its turn comes later: it is number {order.index(session.pk) + 1} in the queue."
        elif (
            starts and session.queued_at is None and session.status in RUNNABLE and project.automation_enabled
        ):
            yield (
                session,
                "Its turn comes later: the free places go to others first."
                if project.auto_start and authors.may_start(session, project)
                else (why_waiting(session, now)),
            )
        else:
            key = _same_reason(session, now)
            if key not in known:
                known[key] = why_waiting(session, now) or "It has ended."
            yield session, known[key]


def usual_cost(project: Project, now: datetime) -> UsualCost:
    """Where no model answered an agent reports 0, which says nothing about the next session."""
    since = now - timedelta(days=COST_DAYS)
    rows = Attempt.objects.filter(issue_session__project=project, started_at__gte=since, cost_usd__gt=0)
    found = rows.order_by().aggregate(total=Sum("cost_usd"), sessions=Count("issue_session", distinct=True))
    total, number = found["total"], found["sessions"]
    return UsualCost(total / number if number else None, number)


@contextmanager
def _reading(mirror: Mirror | None) -> Iterator[Reading]:
    if mirror is None:
        yield _Unread()
    else:
        with mirror.history() as history:
            yield history


def _tip(mirror: Mirror, project: Project) -> str:
    return mirror.branch_sha(project.default_branch) or ""


def _skipped(session: IssueSession) -> str:
    if session.reason == "skip_label":
        label = filters.skip_label(session.github_issue_labels, session.project.skip_labels)
        return (
            f"Its label {label} keeps it from being worked on."
            if label
            else "A label keeps it from being worked on."
        )
    return SKIPPED.get(session.reason, "It was skipped.")


def _same_reason(session: IssueSession, now: datetime) -> tuple[object, ...]:
    return (
        session.status,
        session.pr_number,
        session.queued_at is None,
        session.not_before if session.is_parked(now) else None,
        session.must_wait(now),
        authors.may_start(session, session.project),
        session.is_handed_over(now),
        session.step,
    )
