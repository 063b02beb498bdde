"""Deliveries from their arrival to their end: kept once each, then taken together by the project's next round.

A delivery only says what to read again; what it claims is never believed, and its order does not matter.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone

from automation import queue
from automation.models import RepositoryHook, WebhookDelivery
from issues.models import IssueSession
from projects.errors import AutowrkersError
from projects.models import Credential, Project
from projects.models.project import ProjectQuerySet

State = WebhookDelivery.State
OF_ISSUES = {"issues", "issue_comment", "repository"}
OF_PULLS = {
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
    "issue_comment",
    "check_run",
    "check_suite",
    "status",
    "push",
}
OF_ACCOUNTS = {"installation", "installation_repositories"}
PING = "ping"
EVENTS = sorted(OF_ISSUES | OF_PULLS | OF_ACCOUNTS | {PING})
MOST_ATTEMPTS = 10
BATCH = 1_000
APART = timedelta(seconds=5)
KEPT = timedelta(days=30)
PAUSED = "Issues are not synced while the automation is paused or automatic sync is off."
UNCONCERNED = "It concerns no pull request that is followed here."
UNUSED = "Events of this kind are not used."
UNLINKED = "No project with this secret links the repository."
ARCHIVED = "The project of this repository is archived."
NOWHERE = "It names no repository."
WAITING = Q(state=State.RECEIVED) | Q(state=State.FAILED, attempts__lt=MOST_ATTEMPTS)


@dataclass(frozen=True)
class Wakes:
    """What the waiting deliveries of one project ask for: issues, and sessions whose pull request changed.

    `left`: keys of sessions for which the round had no time.
    """

    rows: list[WebhookDelivery] = field(default_factory=list)
    sessions: list[IssueSession] = field(default_factory=list)
    left: set[int] = field(default_factory=set)

    def is_heard(self, row: WebhookDelivery) -> bool:
        """Whether the round has looked at every pull request that the row names."""
        return not any(session.pk in self.left and _names(row.payload, session) for session in self.sessions)

    @property
    def issues(self) -> bool:
        return any(_is_of_issues(row) for row in self.rows)

    @property
    def session_pks(self) -> list[int]:
        return [session.pk for session in self.sessions]


def keep(credential: Credential, *, delivery_id: str, event: str, facts: dict[str, Any]) -> None:
    """Store a delivery signed with `credential` and wake its project; one that is known does nothing anew."""
    facts = dict(facts)
    project = _project_of(credential, facts)
    state, reason = _first_state(event, project, facts)
    row = WebhookDelivery(
        delivery_id=delivery_id,
        event=event,
        action=facts.pop("action", ""),
        project=project,
        payload=facts,
        state=state,
        reason=reason,
        processed_at=None if state == State.RECEIVED else timezone.now(),
    )
    if not _store(row, credential):
        _again(row)
    elif row.state == State.RECEIVED:
        _wake(row)


def take(project: Project, now: datetime) -> Wakes:
    """What waits for the project. Nothing within a few seconds of the last time: a flood is taken by the tick."""
    rows = list(project.deliveries.filter(WAITING).order_by("-received_at", "-id")[:BATCH])
    if not rows:
        return Wakes()
    ended = project.deliveries.filter(state=State.DONE, attempts__gt=0).order_by("-received_at", "-id")
    last = ended.values_list("processed_at", flat=True).first()
    if last is not None and now - APART < last <= now:
        return Wakes()
    return Wakes(rows, _sessions(project, rows))


def settle(wakes: Wakes, project: Project, error: AutowrkersError | None, *, is_bug: bool = False) -> None:
    """The round is over: what it answered is done, and what it could not waits for the next, however long that takes.

    Only a bug counts against them: it may be one of theirs, and must not keep their project from its work for ever.
    """
    if error is not None:
        state, count = (State.FAILED, 1) if is_bug else (State.RECEIVED, 0)
        _update(wakes.rows, state=state, reason=str(error)[:500], attempts=F("attempts") + count)
        return
    ignored = [(row, _why_ignored(row, wakes, project)) for row in wakes.rows]
    now = timezone.now()
    for reason in {reason for _, reason in ignored if reason}:
        rows = [row for row, why in ignored if why == reason]
        _update(rows, state=State.IGNORED, reason=reason, attempts=F("attempts") + 1, processed_at=now)
    rows = [row for row, why in ignored if not why and wakes.is_heard(row)]
    _update(rows, state=State.DONE, reason="", attempts=F("attempts") + 1, processed_at=now)


def replay(row: WebhookDelivery) -> None:
    """Handle a stored delivery of a project again, whatever became of it."""
    assert row.project_id is not None  # noqa: S101 - the caller looked
    _update([row], state=State.RECEIVED, reason="", attempts=0, processed_at=None)
    queue.enqueue_tend(row.project_id)


def prune(now: datetime) -> int:
    """Remove some of the deliveries that came long ago; answers how many."""
    old = WebhookDelivery.objects.filter(received_at__lt=now - KEPT).order_by("-received_at", "-id")
    pks = list(old.values_list("pk", flat=True)[:BATCH])
    return WebhookDelivery.objects.filter(pk__in=pks).delete()[0] if pks else 0


def syncs(project: Project) -> bool:
    """Whether the project's issues are synced without a person's asking."""
    return project.auto_sync and project.automation_enabled


def _signed_for(credential: Credential) -> ProjectQuerySet:
    """The active projects that this secret may speak for: they store it, or use an installation of its App."""
    stored = Q(webhook_credential=credential)
    return Project.objects.active().filter(stored | Q(credential__app__credential=credential))


def _project_of(credential: Credential, facts: dict[str, Any]) -> Project | None:
    """The project that links the repository under this very secret. Before first contact its name decides."""
    named = Q(github_id=None, github_repo__iexact=facts.get("repository", ""))
    known = Q(github_id=facts.get("repository_id", 0))
    found = _signed_for(credential).filter(known | named).order_by("github_id")
    return found.only("retry_at", "webhook_credential").first()


def _first_state(event: str, project: Project | None, facts: dict[str, Any]) -> tuple[str, str]:
    if event not in EVENTS:
        return State.IGNORED, UNUSED
    if event in OF_ACCOUNTS or (event == PING and (project or "repository_id" not in facts)):
        return State.DONE, ""
    if project is not None:
        return State.RECEIVED, ""
    if "repository_id" not in facts:
        return State.IGNORED, NOWHERE
    archived = Project.objects.exclude(archived_at=None).filter(github_id=facts["repository_id"])
    return State.IGNORED, ARCHIVED if archived.exists() else UNLINKED


def _store(row: WebhookDelivery, credential: Credential) -> bool:
    """Keep a new row, with what an account's change or a ping says at once. False: it is known already."""
    try:
        with transaction.atomic():
            row.save(force_insert=True)
            if row.event in OF_ACCOUNTS:
                _wake_all(credential)
            elif row.event == PING and row.project_id and "hook_id" in row.payload:
                values = {"hook_id": row.payload["hook_id"]}
                RepositoryHook.objects.update_or_create(project_id=row.project_id, defaults=values)
    except IntegrityError:
        return False
    return True


def _wake_all(credential: Credential) -> None:
    pks = list(_signed_for(credential).values_list("pk", flat=True))
    Project.objects.filter(pk__in=pks).update(sync_requested_at=timezone.now())
    for pk in pks:
        queue.enqueue_tend(pk)


def _again(row: WebhookDelivery) -> None:
    """A delivery that is known. One that could not be used so far gets another chance; all others are left alone."""
    stored = WebhookDelivery.objects.get(delivery_id=row.delivery_id)
    unlinked = stored.state == State.IGNORED and stored.project_id is None
    if row.state == State.RECEIVED and (stored.state == State.FAILED or unlinked):
        same = WebhookDelivery.objects.filter(pk=stored.pk, state=stored.state)
        if same.update(project=row.project, state=State.RECEIVED, reason="", attempts=0, processed_at=None):
            stored.project = row.project
            _wake(stored)


def _wake(row: WebhookDelivery) -> None:
    """One message for however many deliveries wait, and none while the project rests: the tick takes them up."""
    project = row.project
    assert project is not None  # noqa: S101 - only such rows wait
    rests = project.retry_at is not None and project.retry_at > timezone.now()
    others = project.deliveries.filter(WAITING).exclude(pk=row.pk)
    if not rests and not others.exists():
        queue.enqueue_tend(project.pk)


def _sessions(project: Project, rows: Iterable[WebhookDelivery]) -> list[IssueSession]:
    """Those with a pull request that one of the rows names: by its number, its branch or its head."""
    named: dict[str, set[Any]] = {"pulls": set(), "branches": set(), "shas": set()}
    for row in rows:
        for name, values in named.items():
            values |= set(row.payload.get(name, ()))
    with_pull = project.sessions.filter(pr_number__isnull=False)
    return list(
        with_pull.filter(
            Q(pr_number__in=named["pulls"])
            | Q(branch_name__in=named["branches"])
            | Q(head_sha__in=named["shas"])
            | Q(pushed_sha__in=named["shas"])
        ).only("pk", "pr_number", "branch_name", "head_sha", "pushed_sha")
    )


def _is_of_issues(row: WebhookDelivery) -> bool:
    return row.event in OF_ISSUES and (row.event != "issue_comment" or "issue" in row.payload)


def _why_ignored(row: WebhookDelivery, wakes: Wakes, project: Project) -> str:
    if _is_of_issues(row):
        return "" if syncs(project) else PAUSED
    found = any(_names(row.payload, session) for session in wakes.sessions)
    return "" if found else UNCONCERNED


def _names(facts: dict[str, Any], session: IssueSession) -> bool:
    shas = facts.get("shas", ())
    return (
        session.pr_number in facts.get("pulls", ())
        or session.branch_name in facts.get("branches", ())
        or session.head_sha in shas
        or session.pushed_sha in shas
    )


def _update(rows: Iterable[WebhookDelivery], **values: Any) -> None:
    WebhookDelivery.objects.filter(pk__in=[row.pk for row in rows]).update(**values)
