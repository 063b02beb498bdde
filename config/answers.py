"""What every answer of the API carries beside the request's id (`config/request_id.py`): the API's version."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

API_VERSION = "1"


def is_of_api(request: HttpRequest) -> bool:
    return request.path == "/api" or request.path.startswith("/api/")


class ApiVersion:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if is_of_api(request):
            response["X-API-Version"] = API_VERSION
        return response
