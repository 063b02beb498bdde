"""The pages of refusals and failures: a sentence, what to do, and the request's id; problem documents below /api/."""

from __future__ import annotations

import sys
from collections.abc import Callable
from http import HTTPStatus

from django.contrib import admin
from django.contrib.admin import AdminSite
from django.core.exceptions import BadRequest, DisallowedHost, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import REASON_NO_CSRF_COOKIE
from django.template.loader import render_to_string

from automation.pages.way_back import way_back
from config.answers import is_of_api
from config.request_id import request_id_of
from issues.sanitize import clean_line
from projects import problems

LONGEST = 500
AWAY_SECONDS = 5


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400, or 413 where only the size is wrong. The words of our own refusals are for people, no others are."""
    status = HTTPStatus.BAD_REQUEST
    if isinstance(exception, RequestDataTooBig):
        status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    said = str(exception) if isinstance(exception, BadRequest) else ""
    if isinstance(exception, DisallowedHost):
        said = "This site does not answer to the host name that it was asked by."
    return _problem(request, exception) if is_of_api(request) else _page(request, status, said)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_of_api(request):
        return _problem(request, exception)
    return _page(request, HTTPStatus.FORBIDDEN, str(exception))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problems.not_found(request) if is_of_api(request) else _page(request, HTTPStatus.NOT_FOUND)


def server_error(request: HttpRequest) -> HttpResponse:
    """Asks neither session nor database: they may be what failed. A database that is away is 503."""
    error = sys.exc_info()[1]
    if isinstance(error, (OperationalError, InterfaceError)):
        status = HTTPStatus.SERVICE_UNAVAILABLE
        answer = _problem(request, error) if is_of_api(request) else _failure(request, status)
        answer["Retry-After"] = str(AWAY_SECONDS)
        return answer
    if is_of_api(request):
        return problems.server_error(request)
    return _failure(request, HTTPStatus.INTERNAL_SERVER_ERROR)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form is older than the login, or came from elsewhere: nothing was done."""
    if is_of_api(request):
        return problems.not_found(request)  # every view of the API checks by itself
    said = "The page was open for too long, or you logged in again meanwhile."
    if reason == REASON_NO_CSRF_COOKIE:
        said = "Your browser sent no cookie. This site needs cookies to know that the form is its own."
    return _page(request, HTTPStatus.FORBIDDEN, said, template="403_csrf.html")


class MethodPages:
    """Middleware: a 405 without words, as Django's decorators answer it, becomes a page with the way back."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_bare = response.status_code == HTTPStatus.METHOD_NOT_ALLOWED and not response.content
        if not is_bare or is_of_api(request):
            return response
        page = _page(request, HTTPStatus.METHOD_NOT_ALLOWED)
        page["Allow"] = response["Allow"]
        return page


def _page(request: HttpRequest, status: HTTPStatus, said: str = "", template: str = "") -> HttpResponse:
    frame = _bare(request)
    if getattr(getattr(request, "user", None), "is_staff", False):
        # Without our counts: refusals come in floods.
        frame = AdminSite.each_context(admin.site, request) | frame
    context = frame | {"said": clean_line(said, limit=LONGEST), "back": way_back(request)}
    page = render_to_string(template or f"{status.value}.html", context, request)
    return HttpResponse(page, status=status)


def _failure(request: HttpRequest, status: HTTPStatus) -> HttpResponse:
    return HttpResponse(render_to_string(f"{status.value}.html", _bare(request)), status=status)


def _problem(request: HttpRequest, error: Exception) -> HttpResponse:
    answer = problems.problem_response(error, {"request": request})
    return JsonResponse(answer.data, status=answer.status_code, content_type=problems.CONTENT_TYPE)


def _bare(request: HttpRequest) -> dict[str, object]:
    """What the frame needs where nobody is known."""
    return {
        "site_header": admin.site.site_header,
        "site_title": admin.site.site_title,
        "is_nav_sidebar_enabled": False,
        "request_id": request_id_of(request),
    }
