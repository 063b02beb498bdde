"""A project that is linked to the stand-in, as tests of several apps need it."""

from __future__ import annotations

from typing import Any

from automation.demo.github import StandIn
from projects.models import Credential, Project
from tests.factories import create_project


def point_at(hub: StandIn, settings: Any) -> None:
    """Let every client and every clone URL of this test lead to the stand-in."""
    settings.GITHUB_API_URL = hub.api_url
    settings.GITHUB_WEB_URL = hub.web_url


def link(hub: StandIn, settings: Any, token: str, **values: Any) -> Project:
    point_at(hub, settings)
    credential = Credential.objects.for_secret(kind=Credential.Kind.TOKEN, api_url=hub.api_url, secret=token)
    defaults = {"name": "calc", "github_repo": "acme/calc", "credential": credential, "agent": "scripted"}
    return create_project(**defaults | values)
