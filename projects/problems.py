"""Every error of the API as application/problem+json (RFC 9457), with a code, a field map and a request id.

A traceback goes to the log under the same request id, never into the answer.
"""

from __future__ import annotations

import logging
import math
import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    ValidationError,
)
from django.db import DataError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, JsonResponse, UnreadablePostError
from django.utils import timezone
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import set_rollback

from projects.errors import AutowrkersError, OperatorError, Retryable
from projects.parsers import BodyTooLarge
from projects.redaction import redact

log = logging.getLogger(__name__)
CONTENT_TYPE = "application/problem+json"
INTERNAL = "Something went wrong on our side. The log has the details under this request id."


class Problem(exceptions.APIException):
    """An error answer with members of its own beside the standard ones."""

    wait: float | None = None
    headers: Mapping[str, str] = {}

    def __init__(self, status: int, code: str, detail: str, **members: Any) -> None:
        super().__init__(detail, code)
        self.status_code = status
        self.members = members


def problem_response(error: Exception, context: Mapping[str, Any]) -> Response:
    """Django REST framework's exception handler: what was raised becomes an answer, whatever it was."""
    set_rollback()
    request = context.get("request")
    request_id = request_id_of(request)
    known = _translate(error)
    if known is None or known.status_code >= 500:
        path = getattr(request, "path", "")
        log.error("request=%s path=%s outcome=error", request_id, path, exc_info=error)
    if known is None:
        known = Problem(500, "internal_error", INTERNAL)
    return Response(
        _body(known, request_id),
        status=known.status_code,
        headers=_headers(known) | {"X-Request-ID": request_id},
        content_type=CONTENT_TYPE,
    )


def request_id_of(request: Any) -> str:
    """The id of this request, as the answer's `X-Request-ID` gives it (`config/request_id.py`)."""
    return getattr(request, "request_id", "") or secrets.token_hex(8)


def not_found(request: HttpRequest, **kwargs: Any) -> JsonResponse:
    """The answer of an API path that does not exist."""
    return _plain(
        request, Problem(404, "not_found", "There is no such path in the API; /api/docs lists them.")
    )


def server_error(request: HttpRequest) -> JsonResponse:
    """The answer when even the exception handler could not help."""
    return _plain(request, Problem(500, "internal_error", INTERNAL))


def _translate(error: Exception) -> exceptions.APIException | None:
    match error:
        case exceptions.APIException():
            return error
        case Http404():
            return exceptions.NotFound()
        case PermissionDenied():
            return exceptions.PermissionDenied()
        case ValidationError():
            return exceptions.ValidationError(_messages(error))
        case RequestDataTooBig():
            return BodyTooLarge()
        case SuspiciousOperation() | UnreadablePostError():
            return exceptions.ParseError()
        case DataError():
            return Problem(400, "invalid_value", "A value is too long or too large to be stored.")
        case OperationalError() | InterfaceError():
            problem = Problem(503, "database.busy", "The database does not answer just now. Try again.")
            problem.wait = 5
            return problem
        case Retryable():
            wait = (error.retry_at - timezone.now()).total_seconds() if error.retry_at else None
            problem = Problem(503, error.code, error.message, remedy=error.remedy)
            problem.wait = wait
            return problem
        case AutowrkersError():
            status = 422 if isinstance(error, OperatorError) else 409
            return Problem(status, error.code, redact(error.message), remedy=redact(error.remedy))
    return None


def _messages(error: ValidationError) -> Any:
    return error.message_dict if hasattr(error, "error_dict") else error.messages


def _body(error: exceptions.APIException, request_id: str) -> dict[str, Any]:
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(error.status_code).phrase,
        "status": error.status_code,
        "detail": "",
        "code": "invalid",
        "request_id": request_id,
    }
    if isinstance(error, exceptions.ValidationError):
        fields = (
            error.detail
            if isinstance(error.detail, dict)
            else {api_settings.NON_FIELD_ERRORS_KEY: error.detail}
        )
        body |= {"detail": f"Please correct: {', '.join(fields)}.", "errors": fields}
    else:
        body |= {"detail": str(error.detail), "code": getattr(error.detail, "code", error.default_code)}
    return body | getattr(error, "members", {})


def _headers(error: exceptions.APIException) -> dict[str, str]:
    headers = dict(getattr(error, "headers", {}))
    if getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = str(getattr(error, "auth_header", ""))
    wait = getattr(error, "wait", None)
    if wait is not None:
        headers["Retry-After"] = str(max(1, math.ceil(wait)))
    return headers


def _plain(request: HttpRequest, problem: Problem) -> JsonResponse:
    request_id = request_id_of(request)
    return JsonResponse(
        _body(problem, request_id),
        status=problem.status_code,
        headers={"X-Request-ID": request_id},
        content_type=CONTENT_TYPE,
    )
