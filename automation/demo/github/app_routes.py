"""REST for Apps: the exchange of a manifest's code, where an App is installed, and tokens of an installation."""

from __future__ import annotations

import json
import re
from typing import Any

from automation.demo.github import hook_log
from automation.demo.github.access import read_token
from automation.demo.github.apps import LEVELS, App, Apps, Installation
from automation.demo.github.hooks import Hook
from automation.demo.github.messages import Request
from automation.demo.github.payloads import Shapes, stamp
from automation.demo.github.refusals import Refusal, not_found
from automation.demo.github.routing import Answer

CONVERSION = re.compile(r"/app-manifests/(?P<code>[^/]+)/conversions")
REPOSITORY = re.compile(r"/repos/(?P<name>[^/]+/[^/]+)/installation")
ATTEMPTS = re.compile(r"/app/hook/deliveries/(?P<id>\d+)/attempts")
TOKENS = re.compile(r"/app/installations/(?P<id>\d+)/access_tokens")
MINE = re.compile(r"/app(-manifests|/installations)?(/.*)?|/repos/[^/]+/[^/]+/installation")


def answer(request: Request, apps: Apps, shapes: Shapes) -> Answer:
    """Raises Refusal. Only the exchange of a code is answered to anybody: the code is the key."""
    if found := CONVERSION.fullmatch(request.path):
        return _convert(found["code"], apps, shapes)
    app = apps.identify(read_token(request.headers.get("authorization")) or "")
    if request.path.startswith("/app/hook/") and app.hook:
        return _answer_of_hook(request, app.hook, shapes)
    if request.method == "GET" and (found := REPOSITORY.fullmatch(request.path)):
        return _find(found["name"], app, apps, shapes)
    if request.method == "POST" and (found := TOKENS.fullmatch(request.path)):
        body = json.loads(request.body or b"{}")
        return _create_token(int(found["id"]), body, app, apps, shapes)
    raise not_found()


def _answer_of_hook(request: Request, hook: Hook, shapes: Shapes) -> Answer:
    asked = (request.method, request.path)
    if asked == ("GET", "/app/hook/config"):
        shown = {"url": hook.url, "content_type": "json", "insecure_ssl": "0", "secret": "********"}
        return Answer(body=shown)
    if asked == ("GET", "/app/hook/deliveries"):
        return hook_log.read(hook, request.query, f"{shapes.api_url}/app/hook/deliveries")
    if request.method == "POST" and (found := ATTEMPTS.fullmatch(request.path)):
        return hook_log.send_again(hook, int(found["id"]), shapes.ledger)
    raise not_found()


def _convert(code: str, apps: Apps, shapes: Shapes) -> Answer:
    app = apps.codes.pop(code, None)
    if app is None:
        raise not_found()
    webhook = app.hook.secret if app.hook else None
    secret = {"client_secret": app.client_secret, "webhook_secret": webhook, "pem": app.private_key}
    return Answer(201, _app(app, shapes) | secret)


def _find(name: str, app: App, apps: Apps, shapes: Shapes) -> Answer:
    repo = shapes.ledger.find(name)
    for installation in apps.installations.values():
        if repo and installation.app is app and repo.id in installation.repositories:
            return Answer(body=_installation(installation, shapes))
    raise not_found()


def _create_token(number: int, body: dict[str, Any], app: App, apps: Apps, shapes: Shapes) -> Answer:
    installation = apps.installations.get(number)
    if installation is None or installation.app is not app:
        raise not_found()
    if installation.suspended:
        raise Refusal(403, "This installation has been suspended")
    known = {
        repo.name: repo.id for repo in shapes.ledger.repositories.values() if repo.owner == installation.owner
    }
    asked = {*body.get("repository_ids", []), *(known.get(name, 0) for name in body.get("repositories", []))}
    if not asked <= installation.repositories:
        raise Refusal(
            422,
            "There is at least one repository that does not exist or is not accessible to the parent installation.",
        )
    permissions = body.get("permissions", installation.permissions)
    held = installation.permissions
    if any(LEVELS.index(level) > LEVELS.index(held.get(name, "")) for name, level in permissions.items()):
        raise Refusal(422, "The permissions requested are not granted to this installation.")
    token = apps.issue(installation, asked or set(installation.repositories), dict(permissions))
    ends = apps.ends_of(token)
    shown = {"token": token, "expires_at": stamp(ends), "permissions": permissions}
    return Answer(201, shown | {"repository_selection": "selected"})


def _app(app: App, shapes: Shapes) -> dict[str, Any]:
    return {
        "id": app.id,
        "slug": app.slug,
        "node_id": f"A_{app.id}",
        "client_id": app.client_id,
        "owner": shapes.user(app.owner),
        "name": app.slug,
        "description": None,
        "external_url": shapes.web_url,
        "html_url": f"{shapes.web_url}/apps/{app.slug}",
        "created_at": stamp(shapes.ledger.now()),
        "updated_at": stamp(shapes.ledger.now()),
        "permissions": app.permissions,
        "events": app.hook.events if app.hook else [],
    }


def _installation(installation: Installation, shapes: Shapes) -> dict[str, Any]:
    api, app = f"{shapes.api_url}/app/installations/{installation.id}", installation.app
    return {
        "id": installation.id,
        "account": shapes.user(installation.owner),
        "repository_selection": "selected",
        "access_tokens_url": f"{api}/access_tokens",
        "repositories_url": f"{shapes.api_url}/installation/repositories",
        "html_url": f"{shapes.web_url}/settings/installations/{installation.id}",
        "app_id": app.id,
        "client_id": app.client_id,
        "target_id": shapes.ledger.user_id(installation.owner),
        "target_type": "Organization",
        "permissions": installation.permissions,
        "events": [],
        "created_at": stamp(shapes.ledger.now()),
        "updated_at": stamp(shapes.ledger.now()),
        "single_file_name": None,
        "app_slug": app.slug,
        "suspended_by": shapes.user(installation.owner) if installation.suspended else None,
        "suspended_at": stamp(shapes.ledger.now()) if installation.suspended else None,
    }
