"""The Content-Security-Policy of every page: own files only, nothing inline, no framing.

A page whose form leads to GitHub names that address as its `form_action`; every other form stays here.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)


class ContentSecurityPolicy:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        beyond = getattr(response, "form_action", "")
        response.headers.setdefault("Content-Security-Policy", f"{POLICY} {beyond}".strip())
        return response
