"""Where every page lives. The API's own paths are in config/api.py."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.defaults import server_error
from django.views.generic import RedirectView

from automation.pages import refusals
from config.health import healthz, readyz
from projects import problems

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    path("api/", include("config.api")),
    path("healthz", healthz),
    path("readyz", readyz),
]
handler400 = refusals.bad_request
handler403 = refusals.forbidden


def handler500(request: HttpRequest) -> HttpResponse:
    """Programs get a problem document, people the page."""
    return problems.server_error(request) if request.path.startswith("/api/") else server_error(request)
