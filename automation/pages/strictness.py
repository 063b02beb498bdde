"""What Django's own pages would pass over is refused by name: parameters, fields, actions, methods, hidden signs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.admin import ModelAdmin
from django.contrib.admin.exceptions import DisallowedModelAdminToField
from django.contrib.admin.utils import unquote
from django.core.exceptions import BadRequest, ValidationError
from django.db import DataError
from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed
from django.template.response import TemplateResponse

from automation.pages import list_query
from automation.pages.query import SHOWN
from projects.validators import check_texts

OURS = ("projects", "issues", "verification", "automation")  # their forms check their texts themselves
PARAMETERS = {"_changelist_filters", "_popup", "_to_field", "_source_model"}
WITHOUT_PARAMETERS = {"password_change", "password_change_done", "auth_user_password_change"}
FORMS = ("add", "change", "delete", "history")
BUTTONS = {"csrfmiddlewaretoken", "post"}
OF_FORMSETS = re.compile(r"-(\d+|__prefix__)-|_FORMS$")
OF_WIDGETS = re.compile(r"^initial-|_[01]$")


def refusal(request: HttpRequest) -> HttpResponseBase | None:
    """A 405 for a form that the page does not read; BadRequest for what is wrong in one that it reads."""
    page, match = _page(request), request.resolver_match
    owner = getattr(match and match.func, "model_admin", None)
    if page in WITHOUT_PARAMETERS:
        refuse("parameter", request.GET, ())
    if owner is None:
        return None
    kind = page.rpartition("_")[2]
    if kind == "changelist":
        list_query.check(request, owner)
        _refuse_unknown_action(request, owner)
    if kind not in FORMS:
        return None
    if kind == "history" and request.method == "POST":
        return HttpResponseNotAllowed(["GET", "HEAD"])
    of_model = {field.name for field in owner.opts.get_fields()} if kind == "add" else set()
    refuse("parameter", request.GET, PARAMETERS | of_model)
    if request.method == "POST":
        known = _fields(request, owner, kind)
        if known is not None:
            refuse("field", map(_plain, request.POST), BUTTONS | known)
        if owner.opts.app_label not in OURS:
            _refuse_hidden_signs(request)
    return None


@contextmanager
def refusing_values(request: HttpRequest) -> Iterator[None]:
    """A list is asked for a moment or a number that the database cannot take, or for rows by another column."""
    try:
        yield
    except DisallowedModelAdminToField as error:
        raise BadRequest("_to_field: rows of this list are not chosen by that column.") from error
    except (OverflowError, DataError) as error:
        if request.method == "POST" or not _page(request).endswith("_changelist"):
            raise
        raise BadRequest("The list cannot be narrowed so: a value is too large or too small.") from error


def mark_refused(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """A form that comes back with errors says so in its status as well."""
    if request.method == "POST" and isinstance(response, TemplateResponse) and response.status_code == 200:
        context = response.context_data or {}
        if context.get("errors") or getattr(context.get("form"), "errors", None):
            response.status_code = 400
    return response


def refuse(what: str, names: Iterable[str], known: Iterable[str]) -> None:
    """Raises BadRequest for the first name that is not known."""
    for name in names:
        if name not in known:
            raise BadRequest(f"This page does not know the {what} {name[:SHOWN]!r}.")


def _page(request: HttpRequest) -> str:
    return str(request.resolver_match and request.resolver_match.url_name)


def _plain(name: str) -> str:
    """The field behind a widget's parts; the prefix of a formset's (its blank row's too); none of a button's."""
    if name.startswith("_"):
        return "post"
    return name.partition("-")[0] if OF_FORMSETS.search(name) else OF_WIDGETS.sub("", name)


def _fields(request: HttpRequest, owner: ModelAdmin[Any], kind: str) -> set[str] | None:
    """None where Django refuses the whole form."""
    args = request.resolver_match.kwargs if request.resolver_match else {}
    row = owner.get_object(request, unquote(args["object_id"])) if "object_id" in args else None
    if kind == "delete":
        return set() if owner.has_delete_permission(request, row) else None
    is_allowed = owner.has_change_permission(request, row) if row else owner.has_add_permission(request)
    if not is_allowed or (row is None and kind == "change"):
        return None
    names = set(owner.get_form(request, row, change=row is not None).base_fields)
    for inline in owner.get_inline_instances(request, row):
        names.add(str(inline.get_formset(request, row).get_default_prefix()))
    return names


def _refuse_unknown_action(request: HttpRequest, owner: ModelAdmin[Any]) -> None:
    asked = request.POST.get("action", "")
    if asked and asked not in owner.get_actions(request):
        raise BadRequest(f"action: there is no {asked[:SHOWN]!r} in this list.")


def _refuse_hidden_signs(request: HttpRequest) -> None:
    texts = {name: text for name, text in request.POST.items() if "password" not in name}
    try:
        check_texts(texts)
    except ValidationError as error:
        name, sentences = next(iter(error.message_dict.items()))
        raise BadRequest(f"{name[:SHOWN]}: {' '.join(sentences)}") from error
