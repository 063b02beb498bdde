"""Where one can go from an address of the API: to those it lies in, those below it, and the rows that it lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.urls import Resolver404, ResolverMatch, get_resolver, resolve, reverse
from rest_framework.utils.serializer_helpers import ReturnList

from issues.sanitize import clean_line

Link = tuple[str, str]  # words, path


def above(path: str) -> Iterator[Link]:
    """The parts of the path, each with the address up to there, or none where nothing is."""
    start, _, rest = path.strip("/").partition("/")
    here = f"/{start}"
    for part in rest.split("/")[:-1]:
        here = f"{here}/{part}"
        yield part, here if _is_known(here) else ""


def below(match: ResolverMatch) -> Iterator[Link]:
    """The addresses that add words, and no number, to this one."""
    for route, name, parameters in _routes():
        if route.startswith(f"{_route_of(match)}/") and parameters == set(match.kwargs):
            yield route.removeprefix(f"{_route_of(match)}/"), reverse(f"api:{name}", kwargs=match.kwargs)


def rows(match: ResolverMatch, data: Any) -> Iterator[Link]:
    """Name and address of each row of a list, in its order, where rows have one."""
    found = data.get("results") if isinstance(data, Mapping) else None
    if not isinstance(found, ReturnList):
        return
    listed: Any = found.serializer.instance
    for _, name, parameters in _routes_one_number_below(match):
        (new,) = parameters - set(match.kwargs)
        field = "id" if new == "pk" else new
        for row, shown in zip(listed, found, strict=True):
            yield clean_line(str(row)), reverse(f"api:{name}", kwargs=match.kwargs | {new: shown[field]})


def _routes_one_number_below(match: ResolverMatch) -> Iterator[tuple[str, str, set[str]]]:
    for route, name, parameters in _routes():
        rest = route.removeprefix(f"{_route_of(match)}/")
        if rest != route and rest.startswith("<") and "/" not in rest:
            yield route, name, parameters


def _routes() -> Iterator[tuple[str, str, set[str]]]:
    """Route, name and parameters of every published address."""
    for pattern in get_resolver("config.api").url_patterns:
        route = str(pattern.pattern)
        if route and getattr(pattern, "name", None) and not route.endswith("/"):
            yield f"api/{route}", str(getattr(pattern, "name", "")), set(pattern.pattern.converters)


def _route_of(match: ResolverMatch) -> str:
    return match.route.rstrip("/")


def _is_known(path: str) -> bool:
    try:
        return bool(resolve(path).url_name)
    except Resolver404:
        return False
