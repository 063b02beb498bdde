"""What the schema says of every operation beside its own answer: the problems, the headers, the conditions."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from rest_framework.permissions import SAFE_METHODS

from projects.parsers import BodyTooLarge
from projects.problems import CONTENT_TYPE

TEXT = {"type": "string"}
WHOLE = {"type": "integer"}
PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "What went wrong (RFC 9457).",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        "type": TEXT,
        "title": TEXT,
        "status": WHOLE,
        "detail": TEXT,
        "code": {"type": "string", "description": "Stable: programs decide by it."},
        "request_id": {"type": "string", "description": "Names the request in the log."},
        "errors": {"type": "object", "description": "What is wrong, by field or parameter."},
        "remedy": {"type": "string", "description": "What to do about it."},
        "current": {"type": "object", "description": "The state that does not allow it."},
        "allowed_verbs": {"type": "array", "items": TEXT, "description": "What may be asked instead."},
    },
}
EXAMPLES: dict[int, dict[str, Any]] = {
    400: {"code": "invalid", "detail": "Please correct: name.", "errors": {"name": ["Unknown field."]}},
    401: {"code": "invalid_token", "detail": "This token is unknown, expired or revoked."},
    403: {"code": "token_scope", "detail": "This token has the scope read; operate is needed."},
    404: {"code": "not_found", "detail": "Not found."},
    406: {"code": "not_acceptable", "detail": "Could not satisfy the request Accept header."},
    409: {
        "code": "session.not_allowed",
        "detail": "A session that has failed cannot be asked to stop.",
        "remedy": "Possible now: retry, skip.",
        "current": {"status": "failed", "step": "verify", "reason": "checks_failed"},
        "allowed_verbs": ["retry", "skip"],
    },
    412: {"code": "precondition_failed", "detail": "The project has changed since it was read."},
    413: {"code": "body_too_large", "detail": BodyTooLarge.default_detail},
    415: {"code": "unsupported_media_type", "detail": 'Unsupported media type "text/plain" in request.'},
    422: {
        "code": "idempotency.other_body",
        "detail": "This Idempotency-Key was used with another body.",
    },
    429: {"code": "throttled", "detail": "Request was throttled. Expected available in 12 seconds."},
    503: {"code": "database.busy", "detail": "The database does not answer just now. Try again."},
}
ALWAYS = (400, 401, 403, 406, 429, 503)
STAMPS = {
    "X-Request-ID": ("Names the request in the log.", TEXT),
    "X-API-Version": ("The version of the API.", TEXT),
}
ALLOWANCE = {
    "RateLimit-Limit": ("Requests that the caller may make in a minute.", WHOLE),
    "RateLimit-Remaining": ("How many of them are left.", WHOLE),
    "RateLimit-Reset": ("Seconds until the next minute begins.", WHOLE),
}
ETAG = {"ETag": ("Names this state of the project, for `If-Match` and `If-None-Match`.", TEXT)}
LOCATION = {"Location": ("Where the created or started thing is.", {"type": "string", "format": "uri"})}
REPLAY = {"Idempotent-Replay": ("`true` when this is a stored reply.", {"type": "string", "enum": ["true"]})}
RETRY_AFTER = {"Retry-After": ("Seconds after which to ask again.", WHOLE)}
CHALLENGE = {"WWW-Authenticate": ("How to authenticate.", TEXT)}


class Described(AutoSchema):
    view: Any

    def get_summary(self) -> str | None:
        """The first sentence of the description, as one line without marks of code."""
        described = " ".join(self.get_description().replace("`", "").split())
        return described.partition(". ")[0].rstrip(".") or None

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        operation = super().get_operation(*args, **kwargs)
        if operation is None or not hasattr(self.view, "scopes"):
            return operation
        for status, answer in operation["responses"].items():
            answer["headers"] = _headers(STAMPS) | _headers(ALLOWANCE | self._own_headers(int(status)), False)
        if self._is_project and self.view.action == "retrieve":
            not_modified = _headers(STAMPS) | _headers(ALLOWANCE | ETAG, False)
            operation["responses"]["304"] = {"description": "Not modified", "headers": not_modified}
        for code in sorted(self._problems()):
            operation["responses"].setdefault(str(code), self._problem(code))
        if parameters := self._conditions():
            operation.setdefault("parameters", []).extend(parameters)
        return operation

    @property
    def _is_project(self) -> bool:
        return hasattr(self.view, "tagged")

    @property
    def _takes_match(self) -> bool:
        return self._is_project and self.view.action in ("update", "partial_update", "destroy")

    @property
    def _takes_key(self) -> bool:
        return hasattr(getattr(self.view, self.view.action, None), "takes_idempotency_key")

    def _own_headers(self, status: int) -> dict[str, Any]:
        headers: dict[str, Any] = {}
        if self.view.action in getattr(self.view, "tagged", ()):
            headers |= ETAG
        if self._takes_key:
            headers |= LOCATION | REPLAY
        return headers

    def _problems(self) -> set[int]:
        problems = set(ALWAYS)
        paginator = getattr(self.view, "pagination_class", None)
        has_pages = self.view.action == "list" and hasattr(paginator, "page_query_param")
        if "{" in self.path or has_pages:
            problems.add(404)
        if self.method not in SAFE_METHODS:
            problems |= {413, 415}
        if "issue" in self.path and self.method not in SAFE_METHODS:
            problems.add(409)
        if self._takes_key:
            problems |= {409, 422}
        if self._takes_match:
            problems.add(412)
        return problems

    def _problem(self, code: int) -> dict[str, Any]:
        """A reference to the answer that every operation shares."""
        problem = _component("Problem", ResolvedComponent.SCHEMA, schema=PROBLEM, object="Problem")
        self.registry.register_on_missing(problem)
        title = HTTPStatus(code).phrase
        sample: dict[str, Any] = {
            "type": "about:blank",
            "title": title,
            "status": code,
            "request_id": "5f0c1ab2c3d4e5f6",
        }
        extra = {401: CHALLENGE, 412: ETAG, 429: RETRY_AFTER, 503: RETRY_AFTER}.get(code, {})
        answer = {
            "description": title,
            "headers": _headers(STAMPS) | _headers(ALLOWANCE | extra, False),
            "content": {CONTENT_TYPE: {"schema": problem.ref, "example": sample | EXAMPLES[code]}},
        }
        shared = _component(f"Problem{code}", ResolvedComponent.RESPONSE, schema=answer, object=code)
        self.registry.register_on_missing(shared)
        return dict(shared.ref)

    def _conditions(self) -> list[dict[str, Any]]:
        if self._takes_key:
            return [
                _parameter(
                    "Idempotency-Key", "Sent again with the same key, the request has no second effect."
                )
            ]
        if self._takes_match:
            return [
                _parameter("If-Match", "An ETag: change the project only if its settings are still these.")
            ]
        if self._is_project and self.view.action == "retrieve":
            return [_parameter("If-None-Match", "An ETag: answer 304 if the project is still this one.")]
        return []


def _component(*args: Any, **kwargs: Any) -> Any:
    return ResolvedComponent(*args, **kwargs)  # type: ignore[no-untyped-call]


def _headers(described: dict[str, Any], required: bool = True) -> dict[str, Any]:
    return {
        name: {"description": text, "schema": schema} | ({"required": True} if required else {})
        for name, (text, schema) in described.items()
    }


def _parameter(name: str, text: str) -> dict[str, Any]:
    schema = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"}
    return {"in": "header", "name": name, "description": text, "schema": schema}
