"""The API's description: published paths without a slash at the end; the Swagger page may style inline."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.request import Request
from rest_framework.response import Response

from config.security import POLICY


def only_slashless(endpoints: list[tuple[Any, ...]], **kwargs: Any) -> list[tuple[Any, ...]]:
    """A preprocessing hook of drf-spectacular: each endpoint is there twice, and described once."""
    return [endpoint for endpoint in endpoints if not endpoint[0].endswith("/")]


class DocsView(SpectacularSwaggerSplitView):
    """Inside the site's frame for who may see the site. Swagger's own style attributes are the one exception from the
    content security policy.
    """

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        response: Response = super().get(request, *args, **kwargs)  # type: ignore[no-untyped-call]
        if response.template_name == self.template_name and admin.site.has_permission(request):
            response.template_name = "drf_spectacular/swagger_ui_in_frame.html"
            response.data |= admin.site.each_context(request) | {"title": "API"}
        response["Content-Security-Policy"] = f"{POLICY}; style-src-attr 'unsafe-inline'"
        return response
