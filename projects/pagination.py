"""Pages of a list: by number for what people leaf through, by cursor for what only grows."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import CursorPagination, PageNumberPagination
from rest_framework.request import Request

LARGEST_PAGE = 200


def page_size_of(request: Request, default: int) -> int:
    """The asked-for size, at most 200. Raises ValidationError for what is no positive number."""
    text = request.query_params.get("page_size", str(default))
    if not (text.isascii() and text.isdigit() and text.strip("0")):
        raise ValidationError({"page_size": ["Write a whole number from 1 to 200."]})
    return min(int(text.lstrip("0")[:6]), LARGEST_PAGE)


class PageNumbers(PageNumberPagination):
    """`page` and `page_size`, answered as count, next, previous, results."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = LARGEST_PAGE
    parameters = ("page", "page_size")

    def get_page_size(self, request: Request) -> int:
        return page_size_of(request, self.page_size)

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

    def decode_cursor(self, request: Request) -> Any:
        try:
            cursor = super().decode_cursor(request)
        except NotFound as error:
            raise _not_given() from error
        if cursor is not None and not _is_id(cursor.position):
            raise _not_given()
        return cursor


def _is_id(text: Any) -> bool:
    return text is None or (str(text).isascii() and str(text).isdigit() and len(str(text)) < 19)


def _not_given() -> ValidationError:
    return ValidationError({"cursor": ["Take the cursor from `next` or `previous` of an answer."]})
