"""What no page can use is refused before any page sees it: NUL bytes, and bodies that are too large.

The API and the webhook's receiver read and refuse their bodies by themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from django.conf import settings
from django.core.exceptions import BadRequest, RequestDataTooBig
from django.http import HttpRequest, HttpResponse

from config.answers import is_of_api

NUL = "\0"
SHOWN = 60
WEBHOOKS = "/webhooks/"
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class BadInput:
    """Middleware. Stands before the session's, since a database chokes on a cookie with a NUL as well."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.COOKIES = {name: value for name, value in request.COOKIES.items() if NUL not in value}
        is_page = not (is_of_api(request) or request.path.startswith(WEBHOOKS))
        if is_page:
            if NUL in request.path:
                raise BadRequest("The address holds a NUL character.")
            _refuse_nul(request.GET.lists(), "parameter")
            if _length(request.META) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
                raise RequestDataTooBig
            if request.method == "POST" and request.content_type in FORMS:
                _refuse_other_encodings(request)
                _refuse_nul(request.POST.lists(), "field")
        return self.get_response(request)


def _refuse_other_encodings(request: HttpRequest) -> None:
    """Django refuses them too, but only when the form is read: then the page of the refusal would fail as well."""
    stated = request.encoding
    if stated is not None and stated.lower() not in ("utf-8", "utf8"):
        request.encoding = "utf-8"
        raise BadRequest(f"charset: a form is written in UTF-8, not in {stated[:SHOWN]!r}.")


def _refuse_nul(values: Iterable[tuple[str, Iterable[str]]], what: str) -> None:
    for name, texts in values:
        if NUL in name or any(NUL in text for text in texts):
            raise BadRequest(f"The {what} {name.replace(NUL, '')[:SHOWN]!r} holds a NUL character.")


def _length(meta: Mapping[str, object]) -> int:
    stated = str(meta.get("CONTENT_LENGTH") or "0")
    return int(stated) if stated.isascii() and stated.isdecimal() else 0
