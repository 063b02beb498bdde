"""Alerts: facts that need a person. Each is raised once, kept while it lasts, and ended when it is gone."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Exists, Q, QuerySet
from django.utils import timezone

from automation import hosts, stalls
from automation.attention import BEGUN
from automation.hosts import CLOCK, PARTS, Standing
from automation.models import Alert
from automation.troubles import OF_TOKEN, PASSING
from issues.models import IssueSession
from issues.models.session import SYSTEM
from projects import editing
from projects.models import Credential, Project

logger = logging.getLogger(__name__)
Kind = Alert.Kind
LOW_BYTES = 2**30
LOW_PERCENT = 10
SETTLED_SECONDS = 90.0  # an installation that was just started is not looked at yet
DISABLED_AFTER = timedelta(hours=24)
KEPT = timedelta(days=90)
FORBIDDEN = "github.forbidden"
# Trouble that ends by itself or with a new token: work goes on then, and nobody has to start it.
RESUMES = (*PASSING, *OF_TOKEN, FORBIDDEN, "github.archived")
START = "Look at its last lines; `python manage.py run` starts all parts, the Procfile names each."


@dataclass(frozen=True)
class Fact:
    kind: Alert.Kind
    subject: str
    message: str
    remedy: str
    project: Project | None = None


def look(now: datetime | None = None) -> None:
    """Compare what is with what was raised. Anybody may do it at any time, on any host."""
    now = now or timezone.now()
    _switch_off_failing(now)
    opened = {(alert.kind, alert.subject): alert for alert in Alert.objects.filter(ended_at=None)}
    # Only then the facts: what somebody else raises meanwhile is not ended here.
    facts = {(fact.kind.value, fact.subject): fact for fact in _facts(now)}
    for key, fact in facts.items():
        if key not in opened:
            _raise(fact, now)
    lasting = [alert.pk for key, alert in opened.items() if key in facts]
    Alert.objects.filter(pk__in=lasting, ended_at=None).update(last_at=now)
    for key, alert in opened.items():
        if key not in facts and Alert.objects.filter(pk=alert.pk, ended_at=None).update(ended_at=now):
            logger.info("alert=%s subject=%s outcome=ended", alert.kind, alert.subject)
    Alert.objects.filter(ended_at__lt=now - KEPT).delete()


def _raise(fact: Fact, now: datetime) -> None:
    try:
        with transaction.atomic():
            Alert.objects.create(
                kind=fact.kind,
                subject=fact.subject,
                project=fact.project,
                message=fact.message,
                remedy=fact.remedy,
                first_at=now,
                last_at=now,
            )
    except IntegrityError:  # another host was faster
        return
    logger.warning("alert=%s subject=%s outcome=raised %s", fact.kind.value, fact.subject, fact.message)


def _facts(now: datetime) -> Iterator[Fact]:
    known = hosts.standings()
    yield from _of_parts(known)
    yield from _of_disks(known)
    yield from _of_credentials(now)
    yield from _of_permissions()
    yield from _of_projects()


def _of_parts(known: Sequence[Standing]) -> Iterator[Fact]:
    """Not of a part that was ended in good order, as long as nothing waits for it."""
    gone = {part for each in known for part in each.dead_parts}
    alive = {part for each in known for part in PARTS if each.lives(part)}
    for part, message in stalls.stalled(known).items():
        if part in gone | alive:
            yield Fact(_kind_of(part), part, message, START)
    for each in known:
        for part in filter(alive.__contains__, each.missed_parts):
            since = each.now - each.ages[part]
            yield Fact(
                _kind_of(part),
                f"{part} on {each.name}",
                f"{stalls.NAMES[part]} of the host {each.name} has been silent since {since:%Y-%m-%d %H:%M} UTC.",
                "Start it there again. One that is not to come back is forgotten after a week.",
            )


def _kind_of(part: str) -> Alert.Kind:
    return Kind.CLOCK if part == CLOCK else Kind.CLUSTER


def _of_disks(known: Sequence[Standing]) -> Iterator[Fact]:
    for each in known:
        free = each.row.disk_free_bytes
        if each.is_alive and free is not None and free < LOW_BYTES:
            yield Fact(
                Kind.DISK,
                each.name,
                f"Only {free // 2**20} MB are free in a folder of the host {each.name}.",
                "Free some in the workspace, the logs or beside the database; below 500 MB no session starts.",
            )


def _of_credentials(now: datetime) -> Iterator[Fact]:
    troubled = ~Q(error_code="") | Q(rate_remaining__isnull=False, rate_reset_at__gt=now)
    for credential in _used().filter(troubled):
        subject, name = f"credential {credential.pk}", credential.login or str(credential)
        if credential.error_code:
            yield Fact(
                Kind.CREDENTIAL,
                subject,
                f"GitHub refuses the token of {name}.",
                "Store a valid token in the project's settings; work goes on by itself then.",
            )
        limit, left = credential.rate_limit, credential.rate_remaining
        if limit and left is not None and left * 100 < limit * LOW_PERCENT and _is_ahead(credential, now):
            yield Fact(
                Kind.QUOTA,
                subject,
                f"{name} has {left} of {limit} requests to GitHub left in this hour.",
                "It goes on by itself. Give busy projects tokens of different accounts.",
            )


def _of_permissions() -> Iterator[Fact]:
    """A token that is good and may not do what work needs, whether a sync meets that or the publishing of a session."""
    waiting = IssueSession.objects.filter(status__in=BEGUN, reason=FORBIDDEN, not_before__isnull=False)
    met = Q(error_code=FORBIDDEN) | Q(pk__in=waiting.values("project"))
    for project in Project.objects.active().filter(met):
        yield Fact(
            Kind.CREDENTIAL,
            f"project {project.pk}",
            f"GitHub does not let the token of {project.name} do what work needs. {project.error_message}".strip(),
            "Give it the permission, or store another token; work goes on by itself then.",
            project,
        )


def _used() -> QuerySet[Credential]:
    """Those of active projects, and the one that GITHUB_TOKEN names where one of them has none of its own."""
    projects = Project.objects.active()
    default = Q(Exists(projects.filter(credential=None)), pk__in=Credential.objects.default())
    return Credential.objects.filter(Q(pk__in=projects.values("credential")) | default)


def _is_ahead(credential: Credential, now: datetime) -> bool:
    return credential.rate_reset_at is not None and credential.rate_reset_at > now


def _switch_off_failing(now: datetime) -> None:
    """Each together with its alert: nobody would tell of one that is off without."""
    failing = Project.objects.active().filter(automation_enabled=True, error_since__lt=now - DISABLED_AFTER)
    resumes = Q(error_code__in=("", *RESUMES)) | Q(error_code__startswith="credential.")
    refused = Project.objects.working_with(Credential.objects.filter(error_code__gt=""))
    for project in failing.exclude(resumes | Q(pk__in=refused)):
        with transaction.atomic():
            if editing.switch_automation(project, on=False, actor=SYSTEM):
                _raise(_switched_off(project), now)


def _switched_off(project: Project) -> Fact:
    return Fact(
        Kind.PROJECT,
        f"project {project.pk}",
        f"The automation of {project.name} was switched off: the same error for a day. {project.error_message}",
        "Correct what the message names, sync the project, then start its automation again.",
        project,
    )


def _of_projects() -> Iterator[Fact]:
    """Automation that we have switched off, until it is started again."""
    off = Alert.objects.filter(kind=Kind.PROJECT, ended_at=None, project__archived_at=None)
    for alert in off.filter(project__automation_enabled=False).select_related("project"):
        yield Fact(Kind.PROJECT, alert.subject, alert.message, alert.remedy, alert.project)
