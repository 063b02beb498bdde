"""Whose rows a person sees; API tokens for programs, made and revoked with an audit row; how an actor is named."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from projects.models import ApiToken, Project, Scope
from projects.models.audit import record

MOST_TOKENS = 20


def of_visible_projects(
    user: AbstractBaseUser | AnonymousUser, scope: str = Scope.READ, *, path: str = "project"
) -> Q:
    """The condition on rows whose project, at the end of `path`, `user` sees.

    A superuser's is asked row by row: given a list of nearly all projects, SQLite would walk by an index that
    begins with the project, and sort the whole table.
    """
    visible = Project.objects.visible_to(user, scope)
    if getattr(user, "is_superuser", False):
        return Q(Exists(visible.filter(pk=OuterRef(path))))
    return Q(**{f"{path}__in": visible})


def with_those_of_none(rows: Q, user: AbstractBaseUser | AnonymousUser) -> Q:
    """What belongs to no project is of the installation, which superusers look after."""
    return rows | Q(project=None) if getattr(user, "is_superuser", False) else rows


@transaction.atomic
def create_token(
    user: AbstractBaseUser,
    *,
    scope: str,
    name: str = "",
    expires_at: datetime | None = None,
    projects: Collection[Project] = (),
    actor: str = "command line",
) -> tuple[ApiToken, str]:
    """A new token of `user` and its plain text, which nobody can read a second time.

    With `projects` it reaches these alone; without, every project of its user.
    """
    check_room(user)
    plain = ApiToken.generate()
    token = ApiToken(user_id=user.pk, scope=scope, name=name, expires_at=expires_at)
    token.is_limited = bool(projects)
    token.token_hash = ApiToken.digest(plain)
    token.full_clean(exclude=["token_hash"])
    token.save()
    token.projects.set(projects)
    detail = {"projects": sorted(project.pk for project in projects)} if projects else {}
    record(actor=actor, verb="token.created", subject=token, token=token.pk, scope=scope, **detail)
    return token, plain


def check_room(user: AbstractBaseUser) -> None:
    """Raises ValidationError when the user has as many valid tokens as one may have. Who asks meanwhile, waits."""
    get_user_model()._default_manager.select_for_update().get(pk=user.pk)
    valid = ApiToken.objects.filter(user=user.pk, revoked_at=None).exclude(expires_at__lte=timezone.now())
    if valid.count() >= MOST_TOKENS:
        raise ValidationError(
            f"{user.get_username()} has {MOST_TOKENS} valid tokens, and nobody may have more: revoke one first.",
            code="too_many_tokens",
        )


@transaction.atomic
def revoke_token(token: ApiToken, *, actor: str) -> bool:
    """False when it was revoked already."""
    rows = ApiToken.objects.filter(pk=token.pk, revoked_at=None)
    if not rows.update(revoked_at=timezone.now()):
        return False
    record(actor=actor, verb="token.revoked", subject=token, token=token.pk)
    return True


def actor_name(user: Any, token: ApiToken | None = None) -> str:
    """How journals name who acted: the user, and the token when a program acted for them."""
    return f"{user.get_username()} by token {token.name or token.pk}" if token else str(user.get_username())
