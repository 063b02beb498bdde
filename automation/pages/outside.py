"""Ways out to GitHub and back: forms that lead there, and the state that proves an answer was asked for here."""

from __future__ import annotations

import hmac
import secrets
import time
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

ASKED = "asked-of-github"
GOOD_SECONDS = 3600
LOGIN_ANSWER = "login/github/answer/"  # below /admin/; an App made here names it, so it stays


def may_lead_to_github(response: HttpResponse) -> HttpResponse:
    """The page holds a form that GitHub answers, at once or after a redirect; all other pages send forms here only."""
    parts = urlsplit(settings.GITHUB_WEB_URL)
    response.form_action = f"{parts.scheme}://{parts.netloc}"  # type: ignore[attr-defined]
    return response


def our_url(name: str) -> str:
    """The whole address of a page of ours, as GitHub sends people back to it."""
    return settings.SITE_URL + reverse(f"admin:{name}")


def login_answer_url() -> str:
    return our_url("index") + LOGIN_ANSWER


def ask(request: HttpRequest, purpose: str, **kept: Any) -> str:
    """A state for one answer to this browser's session, with what is to be remembered until then."""
    state = secrets.token_urlsafe(32)
    asked = {"state": state, "at": time.time(), **kept}
    request.session[ASKED] = {**request.session.get(ASKED, {}), purpose: asked}
    return state


def answered(request: HttpRequest, purpose: str) -> dict[str, Any] | None:
    """What was remembered, if the request brings its state in time. Whatever it brings, the state is used up."""
    waiting = dict(request.session.get(ASKED, {}))
    asked: dict[str, Any] | None = waiting.pop(purpose, None)
    if asked is None:
        return None
    request.session[ASKED] = waiting
    request.session.save()
    is_same = hmac.compare_digest(str(asked["state"]).encode(), request.GET.get("state", "").encode())
    return asked if is_same and time.time() - float(asked["at"]) < GOOD_SECONDS else None
