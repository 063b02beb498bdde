"""What browsers ask the API: who is logged in there, and forms, which know neither PUT, PATCH, DELETE nor JSON.

A form of staff becomes the JSON request that it stands for. Only POST becomes another method, and never one that goes
unchecked: its CSRF token is handed on as the header in which SessionAuthentication expects it of every change.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
METHODS = ("POST", "PUT", "PATCH", "DELETE")
METHOD, BODY, TOKEN = "_method", "_content", "csrfmiddlewaretoken"  # noqa: S105  names of fields


def serves_browsers(view: Callable[..., Any]) -> Callable[..., Any]:
    """The view, which sees the request that a form stands for. Any other form is refused by it as before."""

    @functools.wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        request.logged_in = request.user  # type: ignore[attr-defined]  # a refused request becomes anonymous
        is_form = request.method == "POST" and request.content_type == FORM and _is_utf_8(request)
        if is_form and staff_in(request) and request.POST.get(METHOD) in METHODS:
            _become_json(request)
        return view(request, *args, **kwargs)

    return wrapped


def staff_in(request: HttpRequest) -> Any:
    """The member of staff who is logged in in the browser that asks; None for anybody else and beside a token."""
    user = getattr(request, "logged_in", None)
    is_program = str(request.META.get("HTTP_AUTHORIZATION", "")).lower().startswith("bearer")
    return user if user and not is_program and user.is_active and user.is_staff else None


def _is_utf_8(request: HttpRequest) -> bool:
    """Reading a form in another charset fails, and the check of its CSRF token does: it is UTF-8 from here on."""
    stated = (request.encoding or "utf-8").lower()
    request.encoding = "utf-8"
    return stated in ("utf-8", "utf8")


def _become_json(request: HttpRequest) -> None:
    body = request.POST.get(BODY, "").strip().encode()
    request.META[settings.CSRF_HEADER_NAME] = request.POST.get(TOKEN, "")
    request.META["CONTENT_TYPE"] = request.content_type = JSON
    request.META["CONTENT_LENGTH"] = str(len(body))
    request.method = request.POST[METHOD]
    request._body = body
