"""Pages of a list: by number for what people leaf through, by cursor for what only grows."""

from __future__ import annotations

from base64 import b64decode
from typing import Any
from urllib.parse import parse_qs

from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import CursorPagination, PageNumberPagination
from rest_framework.request import Request

from projects.problems import Problem

LARGEST_PAGE = 200
SIZE: dict[str, Any] = {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE}
SIZE_MEANING = f"How many rows are answered, from 1 to {LARGEST_PAGE}; a larger one is refused."
PARTS_OF_CURSOR = {"o", "r", "p"}  # DRF's offset, reverse, position


def page_size_of(request: Request, default: int) -> int:
    """The asked-for size. Raises ValidationError for what is no whole number from 1 to LARGEST_PAGE."""
    text = request.query_params.get("page_size", str(default))
    size = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    if not 1 <= size <= LARGEST_PAGE:
        raise ValidationError({"page_size": [f"Write a whole number from 1 to {LARGEST_PAGE}."]})
    return size


def _with_size(parameters: list[Any], default: int) -> list[Any]:
    """What the schema says of a list's parameters, with the bounds of the page's size."""
    size = {"schema": SIZE | {"default": default}, "description": SIZE_MEANING}
    return [each | (size if each["name"] == "page_size" else {}) for each in parameters]


class PageNumbers(PageNumberPagination):
    """`page` and `page_size`, answered as count, next, previous, results."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = LARGEST_PAGE
    parameters = ("page", "page_size")
    invalid_page_message = "There is no page {page_number}."

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> Any:
        try:
            return super().paginate_queryset(queryset, request, view)
        except NotFound as error:
            raise Problem(404, "not_found", str(error.detail), errors={"page": [error.detail]}) from error

    def get_page_size(self, request: Request) -> int:
        return page_size_of(request, self.page_size)

    def get_schema_operation_parameters(self, view: Any) -> list[Any]:
        return _with_size(super().get_schema_operation_parameters(view), self.page_size)

    def get_page_number(self, request: Request, paginator: Any) -> int | str:
        """Raises ValidationError for what is no number; a page behind the last one is 404."""
        text = request.query_params.get("page", "1")
        if not (text.isascii() and text.isdigit() and text.strip("0")):
            raise ValidationError({"page": ["Write a whole number from 1."]})
        return int(text.lstrip("0")[:9])


class NewestFirst(CursorPagination):
    """`cursor` and `page_size`, answered as next, previous, results: rows that are added meanwhile shift nothing."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = LARGEST_PAGE
    ordering = "-id"
    parameters = ("cursor", "page_size")

    def get_page_size(self, request: Request) -> int:
        return page_size_of(request, self.page_size)

    def get_schema_operation_parameters(self, view: Any) -> list[Any]:
        return _with_size(super().get_schema_operation_parameters(view), self.page_size)

    def decode_cursor(self, request: Request) -> Any:
        _check_cursor(request.query_params.get("cursor"))
        try:
            cursor = super().decode_cursor(request)
        except NotFound as error:
            raise _not_given() from error
        if cursor is not None and not _is_id(cursor.position):
            raise _not_given()
        return cursor


def _check_cursor(text: str | None) -> None:
    """DRF reads what is damaged as the first page."""
    if text is None:
        return
    try:
        parts = parse_qs(b64decode(text, validate=True).decode("ascii"), strict_parsing=True)
    except ValueError as error:
        raise _not_given() from error
    if not parts or not set(parts) <= PARTS_OF_CURSOR:
        raise _not_given()


def _is_id(text: Any) -> bool:
    return text is None or (str(text).isascii() and str(text).isdigit() and len(str(text)) < 19)


def _not_given() -> ValidationError:
    return ValidationError({"cursor": ["Take the cursor from `next` or `previous` of an answer."]})
