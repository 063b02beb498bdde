"""Access tokens of people's accounts: renewed before they end, by one process at a time, stored before they are used.

https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/refreshing-user-access-tokens
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from projects import leases
from projects.errors import Retryable
from projects.github import exchange
from projects.github.exchange import ConnectAgain, UserTokens
from projects.models import Credential, GitHubApp

MARGIN = timedelta(minutes=5)
SOON = timedelta(seconds=10)


def token_giver(credential: Credential) -> Callable[[], str]:
    """What answers with an access token that is good at that moment; it remembers it until shortly before its end."""
    kept: list[tuple[str, datetime | None]] = []

    def give() -> str:
        if not kept or (kept[0][1] is not None and kept[0][1] - MARGIN <= timezone.now()):
            kept[:] = [_good_token(credential.pk)]
        return kept[0][0]

    return give


def columns(tokens: UserTokens, client_id: str) -> dict[str, Any]:
    """How tokens lie in a credential, with the client that alone can renew them."""
    secrets = {"access": tokens.access, "refresh": tokens.refresh, "client_id": client_id}
    ends = {"expires_at": tokens.expires_at, "refresh_expires_at": tokens.refresh_expires_at}
    return {"secret": json.dumps(secrets), **ends}


def _good_token(pk: int) -> tuple[str, datetime | None]:
    row = Credential.objects.get(pk=pk)
    if _is_good(row):
        return row.parts()["access"], row.expires_at
    refresh_token = row.parts()["refresh"]
    if not refresh_token or (row.refresh_expires_at and row.refresh_expires_at <= timezone.now()):
        raise ConnectAgain(f"The tokens of the GitHub account {row.login} have ended.")
    lease = leases.claim(Credential, pk)
    try:
        if lease is None:
            raise Retryable(
                "github.refreshing",
                f"Another process renews the tokens of {row.login} just now.",
                "Work goes on by itself.",
                retry_at=timezone.now() + SOON,
            )
        return _renewed(lease)
    except Retryable:
        if row.expires_at is not None and row.expires_at > timezone.now():
            return row.parts()["access"], row.expires_at
        raise
    finally:
        if lease is not None:
            leases.release(lease)


def _renewed(lease: leases.Lease) -> tuple[str, datetime | None]:
    """Under the lease: each refresh token works once, and what it brings is stored before anybody uses it."""
    row = Credential.objects.get(pk=lease.pk)
    parts = row.parts()
    if _is_good(row):  # somebody was quicker
        return parts["access"], row.expires_at
    try:
        tokens = exchange.refresh(
            settings.GITHUB_WEB_URL, client=_client_called(parts["client_id"]), refresh_token=parts["refresh"]
        )
    except ConnectAgain:
        leases.update_held(lease, refresh_expires_at=timezone.now())
        raise
    if not leases.update_held(lease, **columns(tokens, parts["client_id"])):
        raise ConnectAgain(f"The new tokens of the GitHub account {row.login} came too late to be stored.")
    return tokens.access, tokens.expires_at


def _is_good(row: Credential) -> bool:
    return row.expires_at is None or row.expires_at - MARGIN > timezone.now()


def _client_called(client_id: str) -> tuple[str, str]:
    """Tokens are renewed by the client that they were given to."""
    if client_id == settings.GITHUB_CLIENT_ID:
        return client_id, settings.GITHUB_CLIENT_SECRET
    app = GitHubApp.objects.filter(client_id=client_id).select_related("credential").first()
    if app is None:
        raise ConnectAgain("The OAuth client that the account was connected by is no longer configured.")
    return client_id, app.credential.parts()["client_secret"]
