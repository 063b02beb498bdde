"""People's accounts on GitHub: who may log in by one, and the tokens that act for one."""

from __future__ import annotations

import base64
import hashlib
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from projects import account_tokens, app_tokens
from projects.errors import OperatorError
from projects.github.exchange import UserTokens
from projects.github.person import Person, organizations, who_is
from projects.github.transport import Transport
from projects.models import Credential, GitHubIdentity
from projects.models.audit import record


def client() -> tuple[str, str] | None:
    """The id and secret by which people come here: those of the settings, else the newest App's; None without."""
    if settings.GITHUB_CLIENT_ID:
        return settings.GITHUB_CLIENT_ID, settings.GITHUB_CLIENT_SECRET
    app = app_tokens.newest_app()
    return (app.client_id, app.credential.parts()["client_secret"]) if app else None


def may_log_in() -> bool:
    """Whether the settings name anybody at all, and there is a client to ask by."""
    named = settings.GITHUB_LOGIN_ALLOWED_LOGINS or settings.GITHUB_LOGIN_ALLOWED_ORGS
    return bool(named) and bool(settings.GITHUB_CLIENT_ID or app_tokens.newest_app())


def authorize_url(client_id: str, *, state: str, verifier: str, callback: str, scope: str) -> str:
    """https://docs.github.com/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps#1-request-a-users-github-identity"""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    asked = {
        "client_id": client_id,
        "redirect_uri": callback,
        "scope": scope,
        "state": state,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        "allow_signup": "false",
    }
    return f"{settings.GITHUB_WEB_URL}/login/oauth/authorize?{urlencode(asked)}"


def look_up(tokens: UserTokens) -> tuple[Person, set[str]]:
    """Whose tokens these are; the organizations only where the settings ask for them."""
    transport = Transport(settings.GITHUB_API_URL, tokens.access)
    person = who_is(transport)
    return person, organizations(transport) if settings.GITHUB_LOGIN_ALLOWED_ORGS else set()


def is_allowed(person: Person, member_of: set[str]) -> bool:
    """Nobody, unless the settings name the login or one of the organizations."""
    logins = {name.lower() for name in settings.GITHUB_LOGIN_ALLOWED_LOGINS}
    orgs = {name.lower() for name in settings.GITHUB_LOGIN_ALLOWED_ORGS}
    return person.login.lower() in logins or bool(orgs & member_of)


def user_of(person: Person) -> Any:
    """The user whose account it is; a new one, without any role, when it is nobody's. Names prove nothing."""
    try:
        with transaction.atomic():
            return _known(person) or _new_user(person)
    except IntegrityError:  # the same person in another window, a moment ago
        return _known(person)


def connect(user: Any, person: Person, tokens: UserTokens, client_id: str) -> GitHubIdentity:
    """The person's own wish while logged in: the account is theirs from now on, and its tokens are stored.

    Raises ValidationError when it is another user's account, or this user has another one.
    """
    here, api_url = host(), settings.GITHUB_API_URL
    with transaction.atomic():
        found = GitHubIdentity.objects.filter(github_host=here, github_id=person.github_id).first()
        if found is not None and found.user_id != user.pk:
            raise ValidationError(
                f"The GitHub account {person.login} belongs to another user here.", code="taken"
            )
        other = (
            GitHubIdentity.objects.filter(github_host=here, user=user)
            .exclude(github_id=person.github_id)
            .first()
        )
        if other is not None:
            raise ValidationError(f"You have connected {other.login}. Disconnect it first.", code="another")
        credential = Credential.objects.for_owner(
            kind=Credential.Kind.OAUTH,
            api_url=api_url,
            owner=f"user:{person.github_id}",
            login=person.login,
            error_code="",
            error_message="",
            error_since=None,
            scopes=list(tokens.scopes) or None,
            **account_tokens.columns(tokens, client_id),
        )
        values = {"user": user, "login": person.login, "credential": credential}
        identity, _ = GitHubIdentity.objects.update_or_create(
            github_host=here, github_id=person.github_id, defaults=values
        )
        record(
            actor=user.get_username(), verb="account.connected", subject=identity, account=person.github_id
        )
    return identity


def disconnect(identity: GitHubIdentity) -> None:
    """Forget the account's tokens, and the account too unless its person logs in by it alone.

    Raises ValidationError while projects work by it.
    """
    credential = identity.credential
    if credential is not None and credential.projects.exists():
        names = ", ".join(credential.projects.values_list("name", flat=True)[:5])
        raise ValidationError(
            f"Projects work by this account: {names}. Give them another way in first.", code="used"
        )
    with transaction.atomic():
        subject, user = str(identity), identity.user.get_username()
        if identity.user.has_usable_password():
            identity.delete()
        if credential is not None:
            credential.delete()
        record(actor=user, verb="account.disconnected", subject=subject)


def _known(person: Person) -> Any:
    rows = GitHubIdentity.objects.filter(github_host=host(), github_id=person.github_id)
    identity = rows.select_related("user").first()
    if identity is None:
        return None
    if identity.login != person.login:
        rows.update(login=person.login)
    return identity.user


def _new_user(person: Person) -> Any:
    users = get_user_model()._default_manager
    is_taken = users.filter(username__iexact=person.login).exists()
    name = f"{person.login}-{person.github_id}" if is_taken else person.login
    user: Any = users.model(username=name, is_staff=True)
    user.set_unusable_password()
    user.save()
    values = {"github_host": host(), "github_id": person.github_id, "login": person.login}
    GitHubIdentity.objects.create(user=user, **values)
    record(actor=name, verb="user.created", subject=name, account=person.github_id)
    return user


def host() -> str:
    return urlsplit(settings.GITHUB_API_URL).netloc


def require_client() -> tuple[str, str]:
    found = client()
    if found is None:
        raise OperatorError(
            "github.no_client",
            "No OAuth client is configured.",
            "Set GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET, or make a GitHub App.",
        )
    return found
