"""The ways in which the stand-in says no, with GitHub's status codes and words."""

from __future__ import annotations

from typing import Any


class Refusal(Exception):
    """An error answer of the API: a status, GitHub's message and, for 422, what is wrong with which field."""

    def __init__(
        self,
        status: int,
        message: str,
        errors: list[dict[str, Any]] | None = None,
        *,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.headers = headers or {}
        self.status = status
        self.message = message
        self.errors = errors

    def payload(self) -> dict[str, Any]:
        answer: dict[str, Any] = {
            "message": self.message,
            "documentation_url": "https://docs.github.com/rest",
            "status": str(self.status),
        }
        return answer if self.errors is None else answer | {"errors": self.errors}


def not_found() -> Refusal:
    return Refusal(404, "Not Found")


def moved(url: str) -> Refusal:
    """https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects"""
    return Refusal(301, "Moved Permanently", headers={"Location": url})


def invalid(resource: str, field: str, code: str = "invalid", *, value: str | None = None) -> Refusal:
    error = {"resource": resource, "field": field, "code": code}
    return Refusal(422, "Validation Failed", [error if value is None else error | {"value": value}])


def impossible(resource: str, message: str) -> Refusal:
    """What GitHub answers when each field is fine and the whole is not."""
    return Refusal(422, "Validation Failed", [{"resource": resource, "code": "custom", "message": message}])
