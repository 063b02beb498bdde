"""Lists as CSV files: the columns that a person sees, in plain values that no spreadsheet takes for a formula."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from datetime import datetime
from html import unescape
from typing import Any

from django.contrib.admin.utils import label_for_field, lookup_field
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Model, QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.utils.html import strip_tags
from django.utils.safestring import SafeString

EXPORTED_ROWS = 50_000
CHUNK = 1_000
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


class _Echo:
    """A file that hands each written line on instead of keeping it."""

    def write(self, line: str) -> str:
        return line


def csv_response(model_admin: Any, request: HttpRequest, rows: QuerySet[Any]) -> StreamingHttpResponse:
    """At most EXPORTED_ROWS of `rows`, streamed; the file's name says when there were more."""
    columns = [str(name) for name in model_admin.list_display if name != "action_checkbox"]
    is_cut = rows.order_by()[EXPORTED_ROWS : EXPORTED_ROWS + 1].exists()
    plural = str(model_admin.opts.verbose_name_plural).replace(" ", "-")
    name = f"{plural}-first-{EXPORTED_ROWS}.csv" if is_cut else f"{plural}.csv"
    lines = _lines(model_admin, columns, _with_relations(model_admin, request, rows)[:EXPORTED_ROWS])
    answer = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


def safe_cell(value: object) -> object:
    """Text that a spreadsheet would calculate begins with an apostrophe instead."""
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return value


def _with_relations(model_admin: Any, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
    related = model_admin.get_list_select_related(request)
    if related:
        rows = rows.select_related(*related)
    return rows.defer(*model_admin.list_defer) if model_admin.list_defer else rows


def _lines(model_admin: Any, columns: Sequence[str], rows: QuerySet[Any]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    heads = [label_for_field(name, model_admin.model, model_admin) for name in columns]
    yield writer.writerow([safe_cell(str(head)) for head in heads])
    for row in rows.iterator(chunk_size=CHUNK):
        cells = [safe_cell(_plain(row, name, model_admin)) for name in columns]
        yield writer.writerow(cells)


def _plain(row: Model, name: str, model_admin: Any) -> object:
    try:
        field, _, value = lookup_field(name, row, model_admin)
    except ObjectDoesNotExist:
        return ""
    if value is None:
        return ""
    if field is not None and getattr(field, "flatchoices", None):
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, SafeString):
        return unescape(strip_tags(value))
    return value if isinstance(value, bool | int | float) else str(value)
