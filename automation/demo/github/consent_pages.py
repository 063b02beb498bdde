"""The web pages where a person agrees: to a login by OAuth, and to a new App from its manifest."""

from __future__ import annotations

import json
import secrets
from html import escape
from urllib.parse import parse_qsl, urlencode

from automation.demo.github.accounts import Accounts
from automation.demo.github.apps import Apps
from automation.demo.github.messages import Reply, Request
from automation.demo.github.pages import SHELL
from automation.demo.github.refusals import Refusal

MAKING = ("/settings/apps/new", "/settings/apps/make")


def answer(request: Request, accounts: Accounts, apps: Apps) -> Reply | None:
    """None for a page of another kind."""
    if request.path == "/login/oauth/access_token" and request.method == "POST":
        return _json(accounts.exchange(_fields(request)))
    if request.path == "/login/oauth/authorize":
        return _authorize(request, accounts)
    if request.path.endswith(MAKING) and request.method == "POST":
        return _make(request, apps)
    return None


def _authorize(request: Request, accounts: Accounts) -> Reply:
    asked = request.query
    client = accounts.client(asked.get("client_id", ""))
    if client is None or asked.get("redirect_uri") not in client.callbacks:
        return _page("Be careful!", "<p>The redirect_uri is not associated with this application.</p>", 404)
    if request.method == "GET":
        who = f"<p>You are {escape(accounts.signed_in)}.</p>"
        return _page("Authorize", f'{who}<form method="post"><button>Authorize</button></form>')
    code = accounts.consent(asked)
    return _redirect(asked["redirect_uri"], {"code": str(code), "state": asked.get("state", "")})


def _make(request: Request, apps: Apps) -> Reply:
    """The manifest comes once from the other site and once more from the button on this page."""
    fields = _fields(request)
    manifest, state = fields.get("manifest", "{}"), request.query.get("state", fields.get("state", ""))
    asked = json.loads(manifest)
    if request.path.endswith(MAKING[0]):
        hidden = "".join(
            f'<input type="hidden" name="{name}" value="{escape(value)}">'
            for name, value in (("manifest", manifest), ("state", state))
        )
        form = f'<form method="post" action="{MAKING[1]}">{hidden}<button>Create GitHub App</button></form>'
        return _page(f"Create {asked['name']}", form)
    slug = asked["name"].lower().replace(" ", "-").replace(".", "-")
    hook_url = asked.get("hook_attributes", {}).get("url", "")
    try:
        app = apps.create(
            slug, asked["default_permissions"], hook_url=hook_url, events=asked["default_events"]
        )
    except Refusal as refusal:
        return _page("Invalid GitHub App configuration", escape(str(refusal.errors)), refusal.status)
    app.callbacks = list(asked.get("callback_urls", []))
    code = secrets.token_hex(20)
    apps.codes[code] = app
    return _redirect(asked["redirect_url"], {"code": code, "state": state})


def _fields(request: Request) -> dict[str, str]:
    return dict(parse_qsl(request.body.decode(), keep_blank_values=True))


def _page(title: str, content: str, status: int = 200) -> Reply:
    shown = SHELL.format(title=escape(title), content=f"<h1>{escape(title)}</h1>{content}")
    return Reply(status, shown.encode())


def _json(shown: dict[str, object]) -> Reply:
    return Reply(200, json.dumps(shown).encode(), {"Content-Type": "application/json; charset=utf-8"})


def _redirect(url: str, query: dict[str, str]) -> Reply:
    return Reply(302, b"", {"Location": f"{url}?{urlencode(query)}"})
