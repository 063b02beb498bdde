"""The calls that are made before there is a token: what GitHub gave to a browser is exchanged for secrets.

https://docs.github.com/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import quote

import requests
import urllib3
from django.utils import timezone

from projects.errors import OperatorError
from projects.github.decoding import Fields
from projects.github.errors import BadCredentials, GitHubError, GitHubUnavailable, MutationUnknown, clean

TIMEOUT_SECONDS = (5, 10)
TOTAL_SECONDS = 20
LARGEST_BODY = 256 * 1024
PIECE = 16 * 1024


class Refused(GitHubError, OperatorError):
    """GitHub does not take what the browser or the row brought: it was used, has ended or was never given."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__("github.exchange_refused", message, remedy)


class ConnectAgain(BadCredentials):
    """The account's tokens cannot be renewed: a person must go through GitHub's page once more."""

    def __init__(self, message: str) -> None:
        remedy = "Connect the GitHub account again (at the top of each page). Work goes on by itself then."
        OperatorError.__init__(self, "github.bad_token", message, remedy)


@dataclass(frozen=True, slots=True)
class NewApp:
    app_id: int
    slug: str
    name: str
    client_id: str
    html_url: str
    secrets: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class UserTokens:
    """Without `expires_at` the access token lasts until somebody revokes it."""

    access: str = field(repr=False)
    refresh: str = field(repr=False, default="")
    expires_at: datetime | None = None
    refresh_expires_at: datetime | None = None
    scopes: tuple[str, ...] = ()


def convert_manifest(api_url: str, code: str) -> NewApp:
    """The App that a person has just made, once. https://docs.github.com/rest/apps/apps#create-a-github-app-from-a-manifest"""
    status, data = _post(f"{api_url}/app-manifests/{quote(code, safe='')}/conversions", None)
    if status != 201:
        raise Refused(
            f"GitHub does not exchange this code for an App (status {status}).",
            "A code is good once and for an hour: create the App again, and delete the other one on GitHub.",
        )
    found = Fields(data)
    secrets = {"private_key": found.text("pem"), "client_secret": found.text("client_secret")}
    if webhook := found.text_or_empty("webhook_secret"):
        secrets["webhook_secret"] = webhook
    named = {name: found.text(name) for name in ("slug", "name", "client_id", "html_url")}
    return NewApp(found.number("id"), **named, secrets=secrets)


def exchange_code(
    web_url: str, *, client: tuple[str, str], code: str, verifier: str, callback: str
) -> UserTokens:
    """https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-user-access-token-for-a-github-app"""
    return _tokens(web_url, client, {"code": code, "code_verifier": verifier, "redirect_uri": callback})


def refresh(web_url: str, *, client: tuple[str, str], refresh_token: str) -> UserTokens:
    """New tokens for an account; both former ones are dead afterwards. MutationUnknown when the answer was lost.

    https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/refreshing-user-access-tokens
    """
    return _tokens(web_url, client, {"grant_type": "refresh_token", "refresh_token": refresh_token})


def _tokens(web_url: str, client: tuple[str, str], asked: dict[str, str]) -> UserTokens:
    named = {"client_id": client[0], "client_secret": client[1]}
    status, data = _post(f"{web_url}/login/oauth/access_token", named | asked)
    found = Fields(data)
    if refused := found.text_or_empty("error"):
        said = clean(found.text_or_empty("error_description") or refused)
        if refused == "bad_refresh_token":
            raise ConnectAgain(f"GitHub does not renew the account's token: {said}")
        remedy = "Begin again; if it stays so, check the ID and the secret of the OAuth client."
        raise Refused(f"GitHub refuses the exchange: {said}", remedy)
    if status != 200:
        raise GitHubUnavailable(f"GitHub answered {status} to the exchange of a code.")
    now = timezone.now()
    return UserTokens(
        access=found.text("access_token"),
        refresh=found.text_or_empty("refresh_token"),
        expires_at=_end(found, "expires_in", now),
        refresh_expires_at=_end(found, "refresh_token_expires_in", now),
        scopes=tuple(word for word in found.text_or_empty("scope").replace(",", " ").split() if word),
    )


def _end(found: Fields, name: str, now: datetime) -> datetime | None:
    return None if found.value.get(name) in (None, "") else now + timedelta(seconds=found.number(name))


def _post(url: str, fields: Mapping[str, str] | None) -> tuple[int, object]:
    """One request, never repeated and never redirected. The network's failures end here, as words without secrets."""
    what = "the exchange of a code"
    headers = {"Accept": "application/json", "User-Agent": "Autowrkers"}
    try:
        with requests.Session() as session:
            session.trust_env = False
            with session.post(
                url, data=fields, headers=headers, timeout=TIMEOUT_SECONDS, allow_redirects=False, stream=True
            ) as response:
                return response.status_code, json.loads(_read(response))
    except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError) as error:
        reason = f"GitHub gave no whole answer to {what} ({type(error).__name__})."
        raise MutationUnknown(reason, retry_at=timezone.now() + timedelta(seconds=10)) from None


def _read(response: requests.Response) -> bytes:
    """Raises ValueError for what is too large or too slow to be an answer."""
    body, deadline = bytearray(), time.monotonic() + TOTAL_SECONDS
    while piece := response.raw.read1(PIECE, decode_content=True):
        body += piece
        if len(body) > LARGEST_BODY or time.monotonic() > deadline:
            raise ValueError("no answer of this kind is so large or so slow")
    return bytes(body)
