"""What every answer of the API carries beside the request's id (`config/request_id.py`): the API's version."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

API_VERSION = "1"


class ApiVersion:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path.startswith("/api/"):
            response["X-API-Version"] = API_VERSION
        return response
