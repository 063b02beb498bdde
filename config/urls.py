"""Where every page lives. The API's own paths are in config/api.py."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path
from django.views.decorators.http import require_safe
from django.views.generic import RedirectView

from automation.webhooks import receiving
from config import errors
from config.health import healthz, readyz
from config.scraping import metrics

urlpatterns = [
    path("", require_safe(RedirectView.as_view(pattern_name="admin:index"))),
    path("admin/", admin.site.urls),
    path("api/", include("config.api")),
    path("webhooks/github", receiving.github, name="github-webhook"),
    path("webhooks/github/", receiving.github),
    path("healthz", healthz),
    path("readyz", readyz),
    path("metrics", metrics),
]

handler400 = errors.bad_request
handler403 = errors.forbidden
handler404 = errors.not_found
handler500 = errors.server_error
