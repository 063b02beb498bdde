"""Logging in by GitHub, and connecting one's own account: out by a form, back with a code and our state."""

from __future__ import annotations

import secrets
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login as log_in
from django.core.exceptions import BadRequest, PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from automation.pages.outside import answered, ask, login_answer_url
from automation.pages.query import Query
from automation.pages.strictness import refuse
from projects import accounts
from projects.errors import AutowrkersError
from projects.github import exchange
from projects.github.exchange import UserTokens
from projects.github.person import Person
from projects.login_brake import LoginBrake, TooManyTries
from projects.models.audit import record

PURPOSE = "account"
BACKEND = "django.contrib.auth.backends.ModelBackend"
NOT_ASKED = (
    "This answer of GitHub was not asked for from this browser, was used already, or came too late: "
    "nothing was done. Begin again from the login page."
)


@never_cache
@require_POST
def begin_login(request: HttpRequest) -> HttpResponse:
    if not accounts.may_log_in():
        raise Http404("Nobody logs in by GitHub here.")
    Query(request)
    refuse("field", request.POST, {"next", "csrfmiddlewaretoken"})
    scope = "read:org" if settings.GITHUB_LOGIN_ALLOWED_ORGS else ""
    return to_github(request, scope=scope, next=_safe(request, request.POST.get("next", "")), user=None)


def to_github(request: HttpRequest, *, scope: str, **kept: Any) -> HttpResponse:
    """Off to GitHub's page. Only the same browser, with the same state, comes back from it with something."""
    client_id, _ = accounts.require_client()
    verifier = secrets.token_urlsafe(48)
    state = ask(request, PURPOSE, verifier=verifier, **kept)
    where = {"state": state, "verifier": verifier, "callback": login_answer_url(), "scope": scope}
    return redirect(accounts.authorize_url(client_id, **where))


@never_cache
@require_GET
def github_answer(request: HttpRequest) -> HttpResponse:
    """GitHub's answer to a login or a connection."""
    query = Query(request, "code", "state", "error", "error_description", "error_uri", "iss").values
    asked = answered(request, PURPOSE)
    mine = request.user.pk if request.user.is_authenticated else None
    if asked is None or asked["user"] != mine:
        raise BadRequest(NOT_ASKED)
    back = reverse("admin:github-account") if mine else reverse("admin:login")
    if query.get("error") or not query.get("code"):
        messages.warning(request, "GitHub did not agree: nothing was changed.")
        return redirect(back)
    brake = None if mine else _brake(request)
    try:
        tokens, person, member_of = _exchange(query["code"], asked["verifier"])
        if mine is not None:
            return _connected(request, person, tokens)
    except AutowrkersError as error:
        messages.error(request, str(error))
        return redirect(back)
    _admit(request, person, member_of)
    if brake is not None:
        brake.forget()
    return redirect(asked["next"] or reverse("admin:index"))


def _exchange(code: str, verifier: str) -> tuple[UserTokens, Person, set[str]]:
    tokens = exchange.exchange_code(
        settings.GITHUB_WEB_URL,
        client=accounts.require_client(),
        code=code,
        verifier=verifier,
        callback=login_answer_url(),
    )
    return tokens, *accounts.look_up(tokens)


def _admit(request: HttpRequest, person: Person, member_of: set[str]) -> None:
    """Log in whom the settings allow; the session's key changes with it."""
    if not accounts.is_allowed(person, member_of):
        record(actor=person.login, verb="login.refused", subject=person.login, account=person.github_id)
        raise PermissionDenied(
            f"{person.login} may not log in here: neither the name nor one of its organizations is on the list "
            "of this installation. Ask its administrator."
        )
    user = accounts.user_of(person)
    if not user.is_active:
        raise PermissionDenied("Your account on this site is switched off. Ask its administrator.")
    log_in(request, user, backend=BACKEND)


def _connected(request: HttpRequest, person: Person, tokens: UserTokens) -> HttpResponse:
    client_id, _ = accounts.require_client()
    try:
        accounts.connect(request.user, person, tokens, client_id)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, f"Connected: {person.login}. You can link projects by this account.")
    return redirect("admin:github-account")


def _brake(request: HttpRequest) -> LoginBrake:
    """The same brake as for passwords: refused answers count, whoever they are from."""
    brake = LoginBrake(str(request.META.get("REMOTE_ADDR") or "unknown"), "by GitHub")
    try:
        brake.count()
    except TooManyTries as refusal:
        minutes = -(-refusal.wait // 60)
        raise PermissionDenied(
            f"Too many tries to log in. Wait {minutes} minute{'s' if minutes > 1 else ''}, then try again."
        ) from refusal
    return brake


def _safe(request: HttpRequest, asked: str) -> str:
    is_ours = url_has_allowed_host_and_scheme(asked, {request.get_host()}, require_https=request.is_secure())
    return asked if is_ours else ""
