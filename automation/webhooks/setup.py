"""Making a project's webhook: on GitHub where the token may, else as texts for a person to paste.

The secret is stored before GitHub learns of it, and a hook with our address is changed rather than made again: so a
lost answer makes no second one, and is mended by asking once more.
"""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse

from automation.models import RepositoryHook
from automation.webhooks import inbox
from projects import app_tokens, editing
from projects.connection import connected
from projects.errors import OperatorError
from projects.github.client import GitHubClient
from projects.github.errors import Forbidden, NotFound, ValidationFailed
from projects.github.hooks import Hook
from projects.github.ratelimit import Priority
from projects.github.transport import TOTAL_SECONDS
from projects.models import GitHubApp, Project
from projects.models.audit import record

# A hook of a repository cannot have those of installations: they come to an App's.
EVENTS = sorted(set(inbox.EVENTS) - inbox.OF_ACCOUNTS - {inbox.PING})
CANNOT_REACH = "GitHub cannot reach {host}, so it could deliver nothing."
SET_SITE_URL = "Set SITE_URL to an address that GitHub reaches."
MAY_NOT = "The token may not make webhooks in {repo}."
GIVE = (
    "Give it the permission Webhooks: write (classic tokens: admin:repo_hook; its account: the role Admin), "
    "or make the webhook by hand."
)


class Standing(Enum):
    """How a project's hook stands. ELSEWHERE: a secret is stored, and no hook of the repository has our address.

    OF_APP: none is needed, the one of the project's GitHub App has our address.
    """

    OF_APP = "of_app"
    MADE = "made"
    THERE = "there"
    OFF = "off"
    ELSEWHERE = "elsewhere"


def address() -> str:
    return f"{settings.SITE_URL}{reverse('github-webhook')}"


def why_unreachable() -> str:
    """Empty, or why GitHub's deliveries could not arrive here. A GitHub of one's own may be as private as we are."""
    site, api = (urlsplit(url).hostname or "" for url in (settings.SITE_URL, settings.GITHUB_API_URL))
    if _is_loopback(site) and not _is_loopback(api):
        return CANNOT_REACH.format(host=site)
    if api == "api.github.com" and (_is_private(site) or "." not in site):
        return CANNOT_REACH.format(host=site)
    return ""


def make_on_github(project: Project, *, actor: str) -> None:
    """Make the hook, or give the one with our address a new secret. Raises what GitHub answers, with what to do."""
    with _reaching(project) as client:
        _make(project, client, _ours(project, client), actor=actor)


def ensure(project: Project, *, actor: str, patience_seconds: float = TOTAL_SECONDS) -> Standing:
    """Make the hook of a project that has no secret yet; else only look. Raises as `make_on_github` does."""
    app = app_of(project)
    if app is not None and not why_unreachable() and app_tokens.delivers_to(app, address()):
        return Standing.OF_APP
    with _reaching(project, patience_seconds=patience_seconds) as client:
        ours = _ours(project, client)
        if project.webhook_credential_id is None:
            _make(project, client, ours, actor=actor)
            return Standing.MADE
        if ours is None:
            return Standing.ELSEWHERE
        RepositoryHook.objects.get_or_create(project=project, defaults={"hook_id": ours.id})
        return Standing.THERE if ours.active else Standing.OFF


def app_of(project: Project) -> GitHubApp | None:
    return project.credential.app if project.credential else None


@contextmanager
def _reaching(project: Project, *, patience_seconds: float = TOTAL_SECONDS) -> Iterator[GitHubClient]:
    if reason := why_unreachable():
        raise OperatorError("webhook.unreachable", reason, SET_SITE_URL)
    with connected(project, priority=Priority.PEOPLE, patience_seconds=patience_seconds) as client:
        try:
            yield client
        except (Forbidden, NotFound) as error:
            message = MAY_NOT.format(repo=project.github_repo)
            raise OperatorError("webhook.not_allowed", message, GIVE) from error


def _ours(project: Project, client: GitHubClient) -> Hook | None:
    return next((hook for hook in client.hooks.of(project.github_repo) if hook.url == address()), None)


def _make(project: Project, client: GitHubClient, ours: Hook | None, *, actor: str) -> None:
    """GitHub takes one hook of an address: who asks at the same time as another finds that one and changes it."""
    former = project.webhook_credential.reveal() if project.webhook_credential else None
    try:
        try:
            made = _send(project, client, ours, actor=actor)
        except ValidationFailed:
            other = None if ours else _ours(project, client)
            if other is None:
                raise
            made = _send(project, client, other, actor=actor)
    except OperatorError:  # GitHub has not taken the new secret
        _store(project, former, actor=actor)
        raise
    RepositoryHook.objects.update_or_create(
        project=project, defaults={"hook_id": made.id, "checked_at": None}
    )
    record(actor=actor, verb="webhook.made", subject=project, project=project, hook=made.id)


def _send(project: Project, client: GitHubClient, ours: Hook | None, *, actor: str) -> Hook:
    repo, url, secret = project.github_repo, address(), new_secret(project, actor=actor)
    if ours is None:
        return client.hooks.create(repo, url=url, secret=secret, events=EVENTS)
    return client.hooks.update(repo, ours.id, url=url, secret=secret, events=EVENTS)


def new_secret(project: Project, *, actor: str) -> str:
    """A new webhook secret, stored with the project; the former one is forgotten."""
    secret = secrets.token_urlsafe(32)
    _store(project, secret, actor=actor)
    return secret


def _store(project: Project, secret: str | None, *, actor: str) -> None:
    editing.change(project, [], secrets={"webhook_secret": secret}, actor=actor)


def _is_loopback(host: str) -> bool:
    return host == "localhost" or host.endswith(".localhost") or _has(host, "is_loopback")


def _is_private(host: str) -> bool:
    return _is_loopback(host) or _has(host, "is_private")


def _has(host: str, trait: str) -> bool:
    try:
        return bool(getattr(ipaddress.ip_address(host), trait))
    except ValueError:
        return False
