"""Pages of a list: `page` and `page_size`, answered as count, next, previous, results."""

from __future__ import annotations

from rest_framework.exceptions import ValidationError
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request


class PageNumbers(PageNumberPagination):
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200

    def get_page_size(self, request: Request) -> int:
        """The asked-for size, at most 200. Raises ValidationError for what is no positive number."""
        text = request.query_params.get("page_size", str(self.page_size))
        if not (text.isascii() and text.isdigit() and text.strip("0")):
            raise ValidationError({"page_size": ["Write a whole number from 1 to 200."]})
        return min(int(text[:6]), self.max_page_size)
