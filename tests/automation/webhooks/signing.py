"""Deliveries as GitHub sends them: headers, signature over the raw bytes, JSON."""

from __future__ import annotations

import hmac
import itertools
import json
from typing import Any

from django.test import Client, TestCase

from projects.models import Credential, Project
from tests.factories import create_credential, create_project

URL = "/webhooks/github"
SECRET = "secret-of-the-hook"
REPOSITORY_ID = 4711
_numbers = itertools.count(1)


def hooked_project(secret: str = SECRET, **kwargs: Any) -> Project:
    """A project whose webhook has `secret`."""
    hook = create_credential(secret, kind=Credential.Kind.WEBHOOK)
    values = {"github_id": REPOSITORY_ID, "webhook_credential": hook}
    return create_project(**values | {"automation_enabled": True} | kwargs)


def payload_of(project: Project, **values: Any) -> dict[str, Any]:
    repository = {"id": project.github_id or REPOSITORY_ID, "full_name": project.github_repo}
    return {"repository": repository, "sender": {"login": "octocat"}} | values


def sign(body: bytes, secret: str = SECRET, algorithm: str = "sha256") -> str:
    return f"{algorithm}={hmac.new(secret.encode(), body, algorithm).hexdigest()}"


def headers_of(
    body: bytes, event: str, *, secret: str = SECRET, guid: str = "", **more: str
) -> dict[str, str]:
    return {
        "X-GitHub-Delivery": guid or f"guid-{next(_numbers)}",
        "X-GitHub-Event": event,
        "X-GitHub-Hook-Installation-Target-Type": "repository",
        "X-GitHub-Hook-Installation-Target-ID": str(REPOSITORY_ID),
        "X-Hub-Signature": sign(body, secret, "sha1"),
        "X-Hub-Signature-256": sign(body, secret),
    } | more


def deliver(
    event: str,
    payload: object,
    *,
    secret: str = SECRET,
    guid: str = "",
    body: bytes | None = None,
    content_type: str = "application/json",
    **headers: str,
) -> Any:
    """Post a signed delivery; `headers` (with _ for -) replace ours, an empty one leaves it out."""
    raw = json.dumps(payload).encode() if body is None else body
    given = headers_of(raw, event, secret=secret, guid=guid)
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    sent = {name: value for name, value in given.items() if value}
    client = Client(enforce_csrf_checks=True)
    with TestCase.captureOnCommitCallbacks(execute=True):
        return client.post(URL, raw, content_type=content_type, headers=sent)
