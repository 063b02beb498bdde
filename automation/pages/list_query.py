"""The query string of a data list, read strictly: what Django passes over or answers by `?e=1` is refused by name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib.admin import ModelAdmin, ShowFacets
from django.contrib.admin.options import IS_FACETS_VAR
from django.contrib.admin.views.main import (
    ALL_VAR,
    ERROR_FLAG,
    ORDER_VAR,
    PAGE_VAR,
    SEARCH_VAR,
)
from django.core.exceptions import BadRequest, FieldDoesNotExist, ValidationError
from django.http import HttpRequest, HttpResponseBase

from automation.pages.query import SHOWN
from projects.changelist import EXPORT_VAR, is_number
from projects.listing import LONGEST_TEXT
from projects.validators import check_texts

POPUP = {"_popup": ("1",), ALL_VAR: ("",), EXPORT_VAR: ("csv",), IS_FACETS_VAR: ("True",), "_to_field": None}
ENDINGS = ("", "__exact", "__isnull", "__gte", "__lt", "__id__exact")
MOST_COLUMNS = 20


def check(request: HttpRequest, owner: ModelAdmin[Any]) -> None:
    """Raises BadRequest for the first parameter that the list does not know or cannot use."""
    values, filters = request.GET, list(_filters(owner))
    known = {PAGE_VAR, ORDER_VAR, *_fixed(owner), *_names(owner, filters)}
    known |= {SEARCH_VAR} if owner.search_fields else set()
    for name, texts in values.lists():
        if name not in known:
            said = ", ".join(sorted(known))
            raise BadRequest(f"This list does not know the parameter {name[:SHOWN]!r}. It knows: {said}.")
        if len(texts) > 1:
            _refuse(name, texts[-1], "It stands there more than once.")
    for name, allowed in _fixed(owner).items():
        if name in values and allowed is not None and values[name] not in allowed:
            _refuse(name, values[name], f"Write {' or '.join(map(repr, allowed))}, or leave it out.")
    _check_page_and_order(request, owner)
    _check_texts(request)
    for name in filters:
        _check_choice(request, owner, name)


def refuse_what_django_passes_over(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Where a filter has a value that it cannot use, Django leads to the list without any and says nothing."""
    if response.status_code == 302 and response["Location"] == f"{request.path}?{ERROR_FLAG}=1":
        plain = (PAGE_VAR, ORDER_VAR, SEARCH_VAR, *POPUP)
        names = ", ".join(name[:SHOWN] for name in request.GET if name not in plain)
        raise BadRequest(f"The list cannot be narrowed so: it knows no such value of {names or PAGE_VAR}.")
    return response


def _filters(owner: ModelAdmin[Any]) -> Iterator[str]:
    for entry in owner.list_filter or ():
        first = entry[0] if isinstance(entry, tuple) else entry
        yield str(getattr(first, "parameter_name", first))


def _names(owner: ModelAdmin[Any], filters: list[str]) -> set[str]:
    return {f"{name}{end}" for name in filters for end in ENDINGS} | set(getattr(owner, "links", ()))


def _fixed(owner: ModelAdmin[Any]) -> dict[str, tuple[str, ...] | None]:
    """Parameters that are switches, with what each may say."""
    left_out = {IS_FACETS_VAR} if owner.show_facets is ShowFacets.NEVER else {EXPORT_VAR}
    return {name: allowed for name, allowed in POPUP.items() if name not in left_out}


def _check_page_and_order(request: HttpRequest, owner: ModelAdmin[Any]) -> None:
    page, order = request.GET.get(PAGE_VAR, ""), request.GET.get(ORDER_VAR, "")
    if page and not (is_number(page) and int(page) > 0):
        _refuse(PAGE_VAR, page, "Write a whole number from 1 on.")
    columns = [part.removeprefix("-") for part in order.split(".")] if order else []
    last = len(owner.get_list_display(request))
    if len(columns) > MOST_COLUMNS or not all(is_number(part) and 0 < int(part) <= last for part in columns):
        _refuse(ORDER_VAR, order, f"Write numbers of columns from 1 to {last}, such as 2 or -2.")


def _check_texts(request: HttpRequest) -> None:
    text = request.GET.get(SEARCH_VAR, "")
    if len(text) > LONGEST_TEXT:
        _refuse(SEARCH_VAR, text, f"Search for at most {LONGEST_TEXT} characters.")
    try:
        check_texts(dict(request.GET.items()))
    except ValidationError as error:
        name, sentences = next(iter(error.message_dict.items()))
        _refuse(name, "", " ".join(sentences))


def _check_choice(request: HttpRequest, owner: ModelAdmin[Any], name: str) -> None:
    try:
        field: Any = owner.opts.get_field(name)
    except FieldDoesNotExist:
        return
    allowed = {str(value) for value, _ in getattr(field, "flatchoices", ())}
    for ending in ("", "__exact"):
        value = request.GET.get(f"{name}{ending}", "")
        if allowed and value and value not in allowed:
            _refuse(f"{name}{ending}", value, f"Choose one of {', '.join(sorted(allowed))}.")


def _refuse(name: str, value: str, hint: str) -> None:
    raise BadRequest(f"The parameter {name} is {value[:SHOWN]!r}. {hint}")
