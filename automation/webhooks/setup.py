"""Making a project's webhook: on GitHub where the token may, else as texts for a person to paste.

The secret is stored before GitHub learns of it, and a hook with our address is changed rather than made again: so a
lost answer makes no second one, and is mended by asking once more.
"""

from __future__ import annotations

import ipaddress
import secrets
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse

from automation.models import RepositoryHook
from automation.webhooks import inbox
from projects import editing
from projects.connection import connected
from projects.errors import OperatorError
from projects.github.errors import Forbidden, NotFound
from projects.models import Project
from projects.models.audit import record

# A hook of a repository cannot have those of installations: they come to an App's.
EVENTS = sorted(set(inbox.EVENTS) - inbox.OF_ACCOUNTS - {inbox.PING})
CANNOT_REACH = "GitHub cannot reach {host}, so it could deliver nothing."
POLLING = "Set SITE_URL to an address that GitHub reaches; until then changes show at the next sync, within a minute."
MAY_NOT = "The token may not make webhooks in {repo}."
GIVE = (
    "Give it the permission Webhooks: write (classic tokens: admin:repo_hook; its account: the role Admin), "
    "or make the webhook by hand."
)


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
    if reason := why_unreachable():
        raise OperatorError("webhook.unreachable", reason, POLLING)
    repo, url = project.github_repo, address()
    former = project.webhook_credential.reveal() if project.webhook_credential else None
    with connected(project) as client:
        try:
            ours = next((hook for hook in client.hooks.of(repo) if hook.url == url), None)
            secret = new_secret(project, actor=actor)
            try:
                if ours is None:
                    ours = client.hooks.create(repo, url=url, secret=secret, events=EVENTS)
                else:
                    ours = client.hooks.update(repo, ours.id, url=url, secret=secret, events=EVENTS)
            except OperatorError:  # GitHub has not taken the new one
                _store(project, former, actor=actor)
                raise
        except (Forbidden, NotFound) as error:
            raise OperatorError("webhook.not_allowed", MAY_NOT.format(repo=repo), GIVE) from error
    RepositoryHook.objects.update_or_create(
        project=project, defaults={"hook_id": ours.id, "checked_at": None}
    )
    record(actor=actor, verb="webhook.made", subject=project, project=project, hook=ours.id)


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
