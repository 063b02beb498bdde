"""A GitHub App on the stand-in, stored here as the page stores it, and projects that are linked by it."""

from __future__ import annotations

from typing import Any

from automation.demo.github import StandIn
from automation.demo.github.apps import App
from automation.webhooks import setup
from projects import app_making, app_tokens
from projects.github.app import PERMISSIONS
from projects.models import Project
from tests.factories import create_project
from tests.linking import point_at


def store_app(hub: StandIn, settings: Any, *, slug: str = "autowrkers-acme", hook_url: str = "") -> App:
    """The App as the stand-in knows it, with a webhook where `hook_url` says so; its code is exchanged."""
    point_at(hub, settings)
    app = hub.apps.create(slug, dict(PERMISSIONS), hook_url=hook_url, events=setup.EVENTS)
    hub.apps.codes[f"code-of-{slug}"] = app
    app_making.make(f"code-of-{slug}", actor="alice")
    return app


def link_by_app(hub: StandIn, settings: Any, app: App, **values: Any) -> Project:
    """A project of acme/calc, or of another repository on which the App is installed."""
    repo = values.get("github_repo", "acme/calc")
    found = app_tokens.newest_app()
    assert found is not None
    credential = app_tokens.find_installation(found, repo)
    defaults = {"name": "calc", "github_repo": repo, "credential": credential, "agent": "scripted"}
    return create_project(**defaults | values)
