"""Storing what people set on a project. API and admin both come here, so that both leave the same audit row.

Only the named columns are written: a worker may be writing others of the same row.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from projects import signals
from projects.models import Credential, Membership, Project, Role
from projects.models.audit import record

REPOSITORY = [
    "name",
    "github_repo",
    "working_dir",
    "default_branch",
    "issue_filter",
    "auto_sync",
    "auto_start",
    "max_concurrent",
]
COMMANDS = [
    "setup_command",
    "verification_command",
    "lint_command",
    "type_check_command",
    "test_command",
    "build_command",
    "smoke_command",
    "custom_checks",
]
AGENT = [
    "agent",
    "agent_model",
    "agent_command",
    "attempt_max_minutes",
    "attempt_silence_minutes",
    "attempt_max_turns",
    "attempt_max_cost_usd",
    "monthly_budget_usd",
    "check_max_minutes",
]
TRIAGE = ["skip_labels", "complex_labels", "review_level", "trusted_authors"]
SETTABLE = [*REPOSITORY, *COMMANDS, *AGENT, *TRIAGE]

# Secret as people write it -> (kind of credential, column that points to it).
SECRETS: dict[str, tuple[Credential.Kind, str]] = {
    "github_token": (Credential.Kind.TOKEN, "credential"),
    "webhook_secret": (Credential.Kind.WEBHOOK, "webhook_credential"),
}
REACH = frozenset({"github_repo", "default_branch", "github_token"})


@transaction.atomic
def create(project: Project, *, secrets: Mapping[str, str | None], actor: str, owner: Any) -> None:
    """Store a new project; whoever links it becomes its manager."""
    _set_secrets(project, secrets)
    project.save()
    membership = Membership.objects.create(project=project, user=owner, role=Role.MANAGER)
    stored = sorted(name for name, value in secrets.items() if value)
    record(actor=actor, verb="project.created", subject=project, project=project, secrets=stored)
    record_role(membership, "role.given", actor=actor)
    transaction.on_commit(lambda: _wake(project))


@transaction.atomic
def change(
    project: Project, fields: Collection[str], *, secrets: Mapping[str, str | None], actor: str
) -> None:
    """Store the changed `fields` and secrets. A secret that is "" or absent stays; None removes it."""
    former = [project.credential_id, project.webhook_credential_id]
    columns = set(fields) | _set_secrets(project, secrets)
    named = sorted(set(fields) | {name for name, value in secrets.items() if value != ""})
    if not columns:
        return
    if REACH & set(named):
        project.retry_at = None
        columns.add("retry_at")
    project.save(update_fields=sorted(columns))
    forget_unused(former)
    record(actor=actor, verb="project.changed", subject=project, project=project, fields=named)
    transaction.on_commit(lambda: _wake(project))


@transaction.atomic
def use_credential(project: Project, credential: Credential, *, actor: str) -> None:
    """Let the project work by an App's installation or a person's account from now on."""
    former = [project.credential_id]
    project.credential, project.retry_at = credential, None
    project.save(update_fields=["credential", "retry_at"])
    forget_unused(pk for pk in former if pk != credential.pk)
    record(actor=actor, verb="project.changed", subject=project, project=project, fields=["credential"])
    transaction.on_commit(lambda: _wake(project))


def request_sync(project: Project, *, actor: str) -> None:
    """Ask the next tick to sync. The request stays until a sync has ended."""
    Project.objects.filter(pk=project.pk).update(sync_requested_at=timezone.now())
    record(actor=actor, verb="project.sync_requested", subject=project, project=project)
    _wake(project)


@transaction.atomic
def switch_automation(project: Project, *, on: bool, actor: str) -> bool:
    """False when it was so already."""
    if not Project.objects.filter(pk=project.pk, automation_enabled=not on).update(automation_enabled=on):
        return False
    project.automation_enabled = on
    verb = "automation.started" if on else "automation.stopped"
    record(actor=actor, verb=verb, subject=project, project=project)
    transaction.on_commit(lambda: _wake(project))
    return True


def forget_unused(pks: Iterable[int | None]) -> None:
    """Delete those of the stored secrets that no project uses any more."""
    used = Q(projects__isnull=False) | Q(hooked_projects__isnull=False)
    stored = Credential.objects.filter(pk__in=[pk for pk in pks if pk is not None], variable="")
    stored = stored.exclude(kind__in=[Credential.Kind.APP, Credential.Kind.OAUTH])
    stored.exclude(pk__in=Credential.objects.filter(used).values("pk")).delete()


def record_role(membership: Membership, verb: str, *, actor: str) -> None:
    """Audit of a role that was given, changed or taken."""
    record(
        actor=actor,
        verb=verb,
        subject=membership,
        project=membership.project,
        user=membership.user.get_username(),
        role=membership.role,
    )


def _set_secrets(project: Project, secrets: Mapping[str, str | None]) -> set[str]:
    """Point the project to the credentials of its secrets; the columns that changed."""
    columns = set()
    for name, value in secrets.items():
        kind, column = SECRETS[name]
        if value == "":
            continue
        credential = None
        if value is not None:
            credential = Credential.objects.for_secret(
                kind=kind, api_url=settings.GITHUB_API_URL, secret=value
            )
        setattr(project, column, credential)
        columns.add(column)
    return columns


def _wake(project: Project) -> None:
    signals.work_requested.send(Project, project_pk=project.pk)
