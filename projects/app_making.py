"""Making a GitHub App for this installation: what it asks for, and keeping what GitHub answers.

https://docs.github.com/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction

from projects.github.app import PERMISSIONS
from projects.github.exchange import NewApp, convert_manifest
from projects.models import Credential, GitHubApp
from projects.models.audit import record


def manifest(
    *, made_url: str, installed_url: str, login_url: str, hook_url: str, events: Sequence[str]
) -> dict[str, Any]:
    """A private App; people of its owner may also log in by it. Without `hook_url` it has no webhook.

    GitHub refuses an address that it cannot reach, also for a webhook that is switched off.
    """
    hook = {"hook_attributes": {"url": hook_url, "active": True}} if hook_url else {}
    host = urlsplit(settings.SITE_URL).hostname or "here"
    return {
        "name": f"Autowrkers {host}"[:34],
        "url": settings.SITE_URL,
        "redirect_url": made_url,
        "setup_url": installed_url,
        "callback_urls": [login_url],
        "public": False,
        "default_permissions": PERMISSIONS,
        "default_events": list(events) if hook_url else [],
        **hook,
    }


def make(code: str, *, actor: str) -> GitHubApp:
    """Exchange the code that GitHub sent the person back with. Raises Refused and its like."""
    return store(convert_manifest(settings.GITHUB_API_URL, code), actor=actor)


@transaction.atomic
def store(made: NewApp, *, actor: str) -> GitHubApp:
    api_url = settings.GITHUB_API_URL
    credential = Credential.objects.for_owner(
        kind=Credential.Kind.APP,
        api_url=api_url,
        owner=f"app:{made.app_id}",
        secret=json.dumps(dict(made.secrets)),
        login=f"{made.slug}[bot]",
    )
    values = {"slug": made.slug, "name": made.name, "client_id": made.client_id, "html_url": made.html_url}
    app, _ = GitHubApp.objects.update_or_create(
        api_url=api_url, app_id=made.app_id, defaults=values | {"credential": credential}
    )
    record(actor=actor, verb="app.created", subject=app, app=made.app_id)
    return app
