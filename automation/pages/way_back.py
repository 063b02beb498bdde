"""Where a person goes back to from an address that only changes things and shows nothing."""

from __future__ import annotations

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.urls import Resolver404, resolve, reverse
from django.utils.http import url_has_allowed_host_and_scheme


def way_back(request: HttpRequest) -> str:
    """The `next` of the form when it leads to this site, else the nearest page above the address."""
    asked = request.POST.get("next", "") if request.method == "POST" else ""
    return _safe(request, asked) or _above(request)


def way_back_of_question(request: HttpRequest) -> str:
    """The same for the page that asks first, whose address says where the person came from."""
    return _safe(request, request.GET.get("next", "")) or _above(request)


def _safe(request: HttpRequest, asked: str) -> str:
    if asked and url_has_allowed_host_and_scheme(asked, _here(request), require_https=request.is_secure()):
        return asked
    return ""


def _above(request: HttpRequest) -> str:
    parts = request.path.strip("/").split("/")
    for length in range(len(parts) - 1, 1, -1):
        above = f"/{'/'.join(parts[:length])}/"
        if _is_page(above):
            return above
    return reverse("admin:index")


def _here(request: HttpRequest) -> set[str]:
    """Nothing when the request itself was refused for its host."""
    try:
        return {request.get_host()}
    except DisallowedHost:
        return set()


def _is_page(path: str) -> bool:
    try:
        return resolve(path).url_name not in (None, "app_list")
    except Resolver404:
        return False
