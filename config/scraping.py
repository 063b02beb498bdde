"""`/metrics` for Prometheus, for whoever knows METRICS_TOKEN: https://prometheus.io/docs/instrumenting/exposition_formats/"""

from __future__ import annotations

import hmac

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from automation.metrics import Figures


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """404 as long as no token is set, 401 without `Authorization: Bearer TOKEN`."""
    token: str = settings.METRICS_TOKEN
    if not token:
        raise Http404
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not hmac.compare_digest(given.encode(), token.encode()):
        refused = HttpResponse(
            "The token is missing or wrong.\n", status=401, content_type="text/plain; charset=utf-8"
        )
        refused["WWW-Authenticate"] = 'Bearer realm="metrics"'
        return refused
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Figures())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
