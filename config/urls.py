"""Where every page lives. The API's own paths are in config/api.py."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponseRedirect
from django.templatetags.static import static
from django.urls import include, path
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from django.views.generic import RedirectView

from automation.webhooks import receiving
from config import api, errors
from config.health import healthz, readyz
from config.scraping import metrics


@require_safe
@cache_control(max_age=86_400, public=True)
def favicon(request: HttpRequest, **kwargs: Any) -> HttpResponseRedirect:
    """For browsers that show JSON and ask here; every page names the icon by itself."""
    return HttpResponseRedirect(static("automation/icon.svg"))


urlpatterns = [
    path("favicon.ico", favicon),
    path("", require_safe(RedirectView.as_view(pattern_name="admin:index"))),
    path("admin/", admin.site.urls),
    path("api", api.ROOT),
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
