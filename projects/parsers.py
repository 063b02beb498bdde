"""Reading JSON bodies, up to a size: more is refused before it is parsed, and so is a field that comes twice."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import JSONParser

BODY_LIMIT = 1_000_000


class BodyTooLarge(APIException):
    status_code = 413
    default_detail = f"A body may have at most {BODY_LIMIT:,} bytes."
    default_code = "body_too_large"


class CappedJSONParser(JSONParser):
    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        body = stream.read(BODY_LIMIT + 1)
        if len(body) > BODY_LIMIT:
            raise BodyTooLarge
        try:
            return json.loads(
                body.decode(), parse_constant=_refuse, parse_float=_finite, object_pairs_hook=_unique
            )
        except RecursionError as error:
            raise ParseError("The body is nested too deeply.") from error
        except ValueError as error:
            raise ParseError(f"JSON parse error - {error}") from error


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError("a number is too large")
    return number


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Two readers of one body could take different ones of two equal fields."""
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError("a field comes twice")
    return fields
