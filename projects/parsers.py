"""Reading JSON bodies, up to a size: more is refused before it is parsed."""

from __future__ import annotations

import io
from typing import Any

from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import JSONParser

BODY_LIMIT = 1_000_000


class BodyTooLarge(APIException):
    status_code = 413
    default_detail = f"A body may have at most {BODY_LIMIT} bytes."
    default_code = "body_too_large"


class CappedJSONParser(JSONParser):
    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        body = stream.read(BODY_LIMIT + 1)
        if len(body) > BODY_LIMIT:
            raise BodyTooLarge
        try:
            return super().parse(io.BytesIO(body), media_type, parser_context)
        except RecursionError as error:
            raise ParseError("The body is nested too deeply.") from error
