"""`Idempotency-Key`: a request that is sent again gets the stored reply instead of a second effect.

Key, effect and reply are committed together: of two that come at once, the second waits and is answered the first's
reply. Only successes are stored; what was refused changed nothing and may be asked again.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import OperationalError, connection, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from projects.errors import AutowrkersError
from projects.models import ApiToken, StoredReply
from projects.problems import Problem
from projects.throttling import caller_of

KEPT = timedelta(hours=24)
LONGEST_KEY = 255
CLEARED_AT_ONCE = 100
WAIT_MS = 5_000
Action = Callable[..., Response]


def idempotent(action: Action) -> Action:
    """Let the view's action be asked with an `Idempotency-Key`."""

    @functools.wraps(action)
    def wrapped(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return action(view, request, *args, **kwargs)
        _check(key)
        view.check_target()
        return _once(key, view, request, lambda: action(view, request, *args, **kwargs))

    wrapped.takes_idempotency_key = True  # type: ignore[attr-defined]
    return wrapped


def _check(key: str) -> None:
    if not (0 < len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
        raise ValidationError({"Idempotency-Key": [f"Write 1 to {LONGEST_KEY} printable ASCII characters."]})


def _once(key: str, view: Any, request: Request, act: Callable[[], Response]) -> Response:
    refusal: Exception | None = None
    with transaction.atomic():
        stored, is_new = _reserve(key, request)
        if not is_new:
            return _replay(stored, view, request)
        try:
            response = act()
        except (APIException, AutowrkersError) as error:
            stored.delete()
            refusal = error
        else:
            stored.status = response.status_code
            stored.body = json.loads(JSONRenderer().render(response.data))
            stored.headers = {name: response[name] for name in ("Location", "ETag") if name in response}
            stored.save(update_fields=["status", "body", "headers"])
    if refusal is not None:
        raise refusal
    _forget()
    return response


def _reserve(key: str, request: Request) -> tuple[StoredReply, bool]:
    """The row of this key, and whether it is ours to fill. Waits for whoever is filling it, for a while."""
    place = {
        "caller": _caller(request),
        "method": str(request.method),
        "path": _path(request),
        "key": key,
    }
    StoredReply.objects.filter(**place, created_at__lt=timezone.now() - KEPT).delete()
    try:
        with transaction.atomic():
            _limit_waiting(f"{WAIT_MS}")
            reserved = StoredReply.objects.get_or_create(**place, defaults={"body_hash": _hash(request)})
            _limit_waiting("DEFAULT")
            return reserved
    except OperationalError as error:
        problem = Problem(
            409,
            "idempotency.in_progress",
            "A request with this Idempotency-Key is being carried out.",
            remedy="Send it again in a moment: it will get the stored reply.",
        )
        problem.wait = 1
        raise problem from error


def _caller(request: Request) -> str:
    """Each token has keys of its own, so that two programs of one person do not meet."""
    token = request.auth
    return f"token {token.pk}" if isinstance(token, ApiToken) else caller_of(request, request.user)


def _path(request: Request) -> str:
    """The place as the API publishes it, however the request wrote its slashes and numbers."""
    match: Any = request.resolver_match
    return reverse(match.view_name, kwargs=match.kwargs)


def _limit_waiting(milliseconds: str) -> None:
    """PostgreSQL would wait for the other request for ever; SQLite has its own limit."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout TO {milliseconds}")


def _replay(stored: StoredReply, view: Any, request: Request) -> Response:
    if stored.body_hash != _hash(request):
        raise Problem(
            422,
            "idempotency.other_body",
            "This Idempotency-Key was used with another body.",
            remedy="Use a new key for a new request.",
        )
    view.check_reply(stored.body)
    headers = {"Idempotent-Replay": "true"} | stored.headers
    return Response(stored.body, status=stored.status or 200, headers=headers)


def _hash(request: Request) -> str:
    text = json.dumps(request.data, sort_keys=True, default=str)
    data = text.encode("utf-8", "surrogatepass")
    return salted_hmac("projects.idempotency", data, algorithm="sha256").hexdigest()


def _forget() -> None:
    old = StoredReply.objects.filter(created_at__lt=timezone.now() - KEPT).order_by("created_at")
    StoredReply.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:CLEARED_AT_ONCE])).delete()
