"""Rows for tests: plain functions with sensible defaults, any of which a test overrides by name."""

from __future__ import annotations

import itertools
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework.test import APIClient

from automation.models import Alert, WebhookDelivery
from issues.models import Attempt, IssueSession
from projects.models import ApiToken, Credential, Membership, Project, Role, Scope
from projects.models.credential import DEFAULT_VARIABLE
from verification.models import VerificationResult

API_URL = "https://api.github.com"
_numbers = itertools.count(1)


def create_user(role: str = "", *, project: Project | None = None, **kwargs: Any) -> User:
    """A user; with `role` (and `project`) a member of it."""
    number = next(_numbers)
    values = {"username": f"user{number}", "email": f"user{number}@example.com"} | kwargs
    user: User = get_user_model().objects.create_user(**values)
    if role:
        create_membership(user=user, project=project, role=role)
    return user


def create_superuser(**kwargs: Any) -> User:
    return create_user(is_staff=True, is_superuser=True, **kwargs)


def create_credential(secret: str = "", **kwargs: Any) -> Credential:
    values = {"kind": Credential.Kind.TOKEN, "api_url": API_URL} | kwargs
    return Credential.objects.for_secret(secret=secret or f"secret-number-{next(_numbers)}", **values)


def create_default_credential(**values: Any) -> Credential:
    """The one that GITHUB_TOKEN names, as its first use leaves it."""
    kind, variable = Credential.Kind.TOKEN, DEFAULT_VARIABLE
    made = Credential.objects.for_variable(kind=kind, api_url=settings.GITHUB_API_URL, variable=variable)
    Credential.objects.filter(pk=made.pk).update(**values)
    return made


def create_project(**kwargs: Any) -> Project:
    number = next(_numbers)
    return Project.objects.create(
        **{"name": f"project {number}", "github_repo": f"octo/repo-{number}"} | kwargs
    )


def create_membership(*, project: Project | None = None, **kwargs: Any) -> Membership:
    values = {"project": project or create_project(), "role": Role.MANAGER} | kwargs
    return Membership.objects.create(**values)


def create_token(user: User, scope: str = Scope.ADMIN, **kwargs: Any) -> str:
    """The plain text of a new API token."""
    plain = ApiToken.generate()
    ApiToken.objects.create(user=user, scope=scope, token_hash=ApiToken.digest(plain), **kwargs)
    return plain


def api_client(user: User, scope: str = Scope.ADMIN) -> APIClient:
    """A client of the API that carries a new token of `user`."""
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {create_token(user, scope)}")
    return client


def create_session(*, project: Project | None = None, **kwargs: Any) -> IssueSession:
    number = next(_numbers)
    values = {
        "project": project or create_project(),
        "github_issue_number": number,
        "github_issue_title": f"Issue {number}",
        "github_issue_body": "It does not work.",
        "issue_author": "octocat",
        "issue_author_association": "OWNER",
        "issue_updated_at": timezone.now(),
    } | kwargs
    return IssueSession.objects.create(**values)


def create_attempt(session: IssueSession | None = None, **kwargs: Any) -> Attempt:
    session = session or create_session()
    values = {"number": next(_numbers), "round": session.round, "kind": Attempt.Kind.FIRST} | kwargs
    return Attempt.objects.create(
        issue_session=session, **{"prompt": "Fix it.", "agent": "scripted"} | values
    )


def create_result(session: IssueSession | None = None, **kwargs: Any) -> VerificationResult:
    values = {
        "check_type": "test",
        "name": "test",
        "command": "make test",
        "passed": True,
        "head_sha": "a" * 40,
    }
    return VerificationResult.objects.create(issue_session=session or create_session(), **values | kwargs)


def create_delivery(**kwargs: Any) -> WebhookDelivery:
    values = {"delivery_id": f"delivery-{next(_numbers)}", "event": "issues", "state": "done"}
    return WebhookDelivery.objects.create(**values | kwargs)


def create_alert(**kwargs: Any) -> Alert:
    now = timezone.now()
    values = {"kind": Alert.Kind.PROJECT, "subject": f"subject {next(_numbers)}", "message": "It is off."}
    return Alert.objects.create(**values | {"first_at": now, "last_at": now} | kwargs)
