"""The Attention page: everything that waits for a person, oldest first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from automation.attention import LABELS, Kind, Waiting, waiting
from automation.attention import count_waiting as count_in
from automation.models import Alert
from automation.pages.page import Route, render
from automation.pages.query import Query
from automation.pages.standing import Standing
from issues import verbs
from issues.sanitize import keep_ends, make_visible
from projects.models import Project, Scope
from projects.redaction import redact

PAGE = 25
DETAIL_BYTES = 1200
STANDINGS: dict[Kind, Standing] = {
    Kind.FAILED: Standing(LABELS[Kind.FAILED], "✕", "danger"),
    Kind.REVIEW: Standing(LABELS[Kind.REVIEW], "!", "warn"),
    Kind.STALE: Standing(LABELS[Kind.STALE], "◌", "danger"),
    Kind.SILENT: Standing(LABELS[Kind.SILENT], "◌", "warn"),
    Kind.PULL_REQUEST: Standing(LABELS[Kind.PULL_REQUEST], "⇄", "warn"),
    Kind.READY: Standing(LABELS[Kind.READY], "⇄", "success"),
    Kind.PARKED: Standing(LABELS[Kind.PARKED], "◷", "warn"),
    Kind.PROJECT: Standing(LABELS[Kind.PROJECT], "✕", "danger"),
    Kind.BUDGET: Standing(LABELS[Kind.BUDGET], "$", "warn"),
}
BUTTONS: dict[Kind, tuple[str, ...]] = {
    Kind.FAILED: ("retry", "skip"),
    Kind.REVIEW: ("start", "skip"),
    Kind.STALE: ("stop", "skip"),
    Kind.SILENT: ("stop", "skip"),
    Kind.PULL_REQUEST: ("skip",),
    Kind.READY: ("skip",),
    Kind.PARKED: ("start", "stop", "skip"),
}


@dataclass(frozen=True)
class Item:
    """One thing that waits, with the buttons that work for this person."""

    what: Waiting
    standing: Standing
    detail: str
    verbs: tuple[str, ...]
    to_sync: Project | None
    to_edit: Project | None


@require_safe
def attention(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    query = Query(request, "project", "kind", "page")
    visible = Project.objects.visible_to(request.user)
    choices = list(visible.order_by("name", "pk").values_list("pk", "name"))
    project = query.choice("project", [str(pk) for pk, _ in choices])
    kind = query.choice("kind", [str(kind) for kind in Kind])
    page = query.number("page", default=1)
    chosen = visible.filter(pk=project) if project else visible
    kinds = [Kind(kind)] if kind else list(Kind)
    found, count = waiting(chosen, kinds, start=(page - 1) * PAGE, limit=PAGE)
    pages = max(1, -(-count // PAGE))
    query.refuse_unless(page <= pages, "page", f"There are {pages} pages.")
    filters = {name: value for name, value in (("project", project), ("kind", kind)) if value}
    return render(
        request,
        "automation/attention.html",
        title="Attention",
        alerts=_alerts_of_installation(request),
        items=_items(request, found),
        count=count,
        page=page,
        pages=pages,
        filters=filters,
        here=_address(request, filters, page),
        former=_address(request, filters, page - 1) if page > 1 else "",
        later=_address(request, filters, page + 1) if page < pages else "",
        project_choices=[(str(pk), name) for pk, name in choices],
        kind_choices=[(str(kind), label) for kind, label in LABELS.items()],
    )


def _alerts_of_installation(request: HttpRequest) -> QuerySet[Alert]:
    """For superusers alone: nobody else can do anything about a host."""
    opened = Alert.objects.filter(ended_at=None, project=None).order_by("first_at")
    return opened if getattr(request.user, "is_superuser", False) else opened.none()


def count_waiting(user: Any) -> int:
    """For the navigation of every page: a few queries, however much there is."""
    return count_in(Project.objects.visible_to(user))


def _items(request: HttpRequest, found: Iterable[Waiting]) -> list[Item]:
    operable = _pks(request, Scope.OPERATE)
    editable = _pks(request, Scope.ADMIN)
    return [_item(what, operable, editable) for what in found]


def _pks(request: HttpRequest, scope: str) -> set[int]:
    return set(Project.objects.visible_to(request.user, scope).values_list("pk", flat=True))


def _item(what: Waiting, operable: set[int], editable: set[int]) -> Item:
    asked: tuple[str, ...] = ()
    if what.session is not None and what.session.project_id in operable:
        allowed = verbs.allowed_verbs(what.session)
        asked = tuple(verb for verb in BUTTONS[what.kind] if verb in allowed)
    return Item(
        what,
        STANDINGS[what.kind],
        keep_ends(redact(make_visible(what.detail)).strip(), limit=DETAIL_BYTES),
        asked,
        to_sync=_first(what, operable) if what.kind == Kind.PROJECT else None,
        to_edit=_first(what, editable),
    )


def _first(what: Waiting, allowed: set[int]) -> Project | None:
    """Of the projects that share a trouble, one on which this person may act."""
    shared = what.trouble.projects if what.trouble else []
    return next((project for project in shared if project.pk in allowed), None)


def _address(request: HttpRequest, filters: dict[str, str], page: int) -> str:
    query = urlencode(filters | ({"page": str(page)} if page > 1 else {}))
    return f"{request.path}?{query}" if query else request.path


ROUTES: list[Route] = [
    ("attention/", attention, "attention"),
]
