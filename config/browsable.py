"""The browsable API: staff who open an address of the API in a browser get the answer as a page. Programs get JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import Model
from django.http import Http404
from django.utils.cache import add_never_cache_headers
from rest_framework.exceptions import APIException
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer, BrowsableAPIRenderer, JSONRenderer
from rest_framework.request import Request, override_method
from rest_framework.response import Response

from config import neighbours, readable
from config.form_requests import BODY, METHOD, METHODS, staff_in

CLOSED = (HTTPStatus.NO_CONTENT, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)
TONES = {2: "success", 4: "danger"}


class StaffReadPages(DefaultContentNegotiation):
    """Whoever is no logged-in member of staff is negotiated with as if there were no pages."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        every = list(renderers)
        chosen: tuple[BaseRenderer, str] = super().select_renderer(request, every, format_suffix)
        if isinstance(chosen[0], AnswerPage) and not staff_in(request):
            others = [renderer for renderer in every if not isinstance(renderer, AnswerPage)]
            chosen = super().select_renderer(request, others, format_suffix)
        return chosen


class AnswerPage(BrowsableAPIRenderer):
    """The answer as a page in our theme, with a form for each change that the address knows."""

    format = ""  # no `?format=` chooses it

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> str:
        """A failure stays JSON, since what failed may be what the page needs; "not modified" has no body."""
        response: Response = renderer_context["response"]
        if response.status_code == HTTPStatus.NOT_MODIFIED:
            del response["Content-Type"]
            return ""
        if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            response["Content-Type"] = response.content_type or JSONRenderer.media_type
            return str(JSONRenderer().render(data).decode())
        page: str = super().render(data, accepted_media_type, renderer_context)
        response["Content-Type"] = f"{self.media_type}; charset={self.charset}"
        del response["ETag"]  # names the JSON; the page has the navigation and a token of its own
        add_never_cache_headers(response)
        return page

    def get_context(
        self, data: Any, accepted_media_type: str | None, renderer_context: Mapping[str, Any]
    ) -> dict[str, Any]:
        view, request = renderer_context["view"], renderer_context["request"]
        response: Response = renderer_context["response"]
        request.user = staff_in(request)  # a form that was refused has made the request anonymous
        status, origin = HTTPStatus(response.status_code), request.build_absolute_uri("/").rstrip("/")
        headers = dict(response.items()) | {"Content-Type": response.content_type or JSONRenderer.media_type}
        return admin.site.each_context(request) | {
            "title": f"{request.method} {request.path}",
            "is_nav_sidebar_enabled": False,
            "asked": request.get_full_path(),
            "origin": origin,
            "status": status,
            "tone": TONES.get(status // 100, "neutral"),
            "headers": [
                (name, value, readable.own_address(value, origin)) for name, value in sorted(headers.items())
            ],
            "problem": data if status >= HTTPStatus.BAD_REQUEST else None,
            "content": readable.as_html(data, origin) if data is not None else "",
            "pages": list(_pages(data, origin)),
            "above": list(neighbours.above(request.path)),
            "below": list(neighbours.below(request.resolver_match)) if status not in CLOSED else [],
            "rows": list(neighbours.rows(request.resolver_match, data)),
            "parameters": list(_parameters(view)),
            "forms": [] if status in CLOSED else list(self._forms(data, view, request)),
            "method_field": METHOD,
            "body_field": BODY,
        }

    def _forms(self, data: Any, view: Any, request: Request) -> Iterator[dict[str, Any]]:
        shown = getattr(getattr(data, "serializer", None), "instance", None)
        instance = shown if isinstance(shown, Model) else None
        for method in METHODS:
            with override_method(view, request, method) as overridden:
                if not self.show_form_for_method(view, method, overridden, instance) or not _may_act(view):
                    continue
                fields = view.get_serializer().fields if view.action in view.with_body else {}
            writable = {name: field for name, field in fields.items() if not field.read_only}
            yield {
                "method": method,
                "fields": [(name, field.required and method != "PATCH") for name, field in writable.items()],
                "body": readable.as_text(_start(method, data, writable)) if writable else "",
            }


def _may_act(view: Any) -> bool:
    """Whether the person may carry out the view's present action on what its path names."""
    try:
        with transaction.atomic():  # changes lock what they are about
            view.check_target()
    except (APIException, Http404):
        return False
    return True


def _start(method: str, data: Any, writable: Mapping[str, Any]) -> dict[str, Any]:
    """What the form begins with: for PUT what is there now, without secrets, since no answer holds them."""
    if method == "PUT":
        return {name: data[name] for name in writable if isinstance(data, Mapping) and name in data}
    return {name: "" for name, field in writable.items() if field.required and method == "POST"}


def _pages(data: Any, origin: str) -> Iterator[tuple[str, str]]:
    found: Mapping[str, Any] = data if isinstance(data, Mapping) else {}
    for name, words in (("previous", "Previous page"), ("next", "Next page")):
        if path := readable.own_address(found.get(name), origin):
            yield words, path


def _parameters(view: Any) -> Iterator[tuple[str, str, Sequence[str]]]:
    """Name, meaning and possible values of the query parameters."""
    filters = getattr(getattr(view, "filterset_class", None), "base_filters", {})
    for name in sorted(view.known_parameters()):
        extra = filters[name].extra if name in filters else {}
        yield name, str(extra.get("help_text", "")), [str(value) for value, _ in extra.get("choices", ())]
