"""Lists that stay quick on very large tables: counts that end early, orders that an index serves, small filters."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ORDER_VAR, PAGE_VAR, ChangeList
from django.core.paginator import Paginator
from django.db import connection
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import cached_property

from projects.models import Project

COUNTED = 1_000  # beyond it a list says "more than"
LAST_PAGE = 1_000
LONGEST_NUMBER = 18  # every database holds what is no longer
EXPORT_VAR = "_export"
PAGES_AHEAD = 10
OFFERED_PROJECTS = 20
if TYPE_CHECKING:
    RowPaginator = Paginator[Any]
    RowList = ChangeList
else:
    RowPaginator, RowList = Paginator, ChangeList


class WindowPaginator(RowPaginator):
    """Counts no further than a few pages ahead of the one that is shown, and ends at page LAST_PAGE.

    A whole table is not counted on PostgreSQL: its own estimate is said instead.
    """

    def __init__(self, rows: QuerySet[Any], per_page: int, *, page: int, is_whole_table: bool) -> None:
        super().__init__(rows, per_page)
        ahead = (max(1, page) + PAGES_AHEAD) * per_page
        self._limit = min(max(COUNTED, ahead), LAST_PAGE * per_page)
        self._is_whole_table = is_whole_table

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        estimate = _estimate(rows.model._meta.db_table) if self._is_whole_table else 0
        if estimate > LAST_PAGE * self.per_page:
            return estimate
        return int(rows.order_by()[: self._limit + 1].count())

    @cached_property
    def num_pages(self) -> int:
        return min(LAST_PAGE, max(1, -(-self.count // self.per_page)))

    @property
    def said_count(self) -> str:
        if self.count > self._limit + 1:
            return f"about {self.count:,}"
        return f"more than {self._limit:,}" if self.count > self._limit else f"{self.count:,}"


class BoundedChangeList(RowList):
    """Leaves large columns in the database and orders by nothing that has no index."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request, exclude_parameters)
        heavy = getattr(self.model_admin, "list_defer", ())
        return rows.defer(*heavy) if heavy else rows

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        asked = self.params.get(ORDER_VAR, "")
        self.params[ORDER_VAR] = ".".join(part for part in str(asked).split(".") if self._is_sortable(part))
        ordering = list(
            {
                str(name).lstrip("-"): name for name in reversed(super().get_ordering(request, queryset))
            }.values()
        )[::-1]
        if ordering[-1] in (
            "pk",
            "id",
            "-pk",
            "-id",
        ):  # in the direction of the first, so that one index serves both
            ordering[-1] = "-id" if str(ordering[0]).startswith("-") else "id"
        return ordering

    @property
    def export_query(self) -> str:
        return str(self.get_query_string({EXPORT_VAR: "csv"}))

    def _is_sortable(self, part: str) -> bool:
        index = part.removeprefix("-")
        return (
            is_number(index)
            and int(index) < len(self.list_display)
            and self.list_display[int(index)] in (self.sortable_by or ())
        )


class ProjectFilter(admin.SimpleListFilter):
    """By project: a few are offered, any other is found by a part of its name. Only what the person may see."""

    title = "project"
    parameter_name = "project"
    template = "admin/project_filter.html"

    def __init__(self, request: Any, params: Any, model: Any, model_admin: Any) -> None:
        self.visible = Project.objects.visible_to(request.user)
        self.path = model_admin.project_path
        super().__init__(request, params, model, model_admin)
        self.typed = "" if is_number(self.value() or "") else self.value() or ""
        self.other_params: list[tuple[str, str]] = []

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        named = list(self.visible.order_by("name", "id").values_list("pk", "name")[: OFFERED_PROJECTS + 1])
        self.has_more = len(named) > OFFERED_PROJECTS
        chosen = self.value() or ""
        offered = named[:OFFERED_PROJECTS]
        if self.has_more and is_number(chosen) and int(chosen) not in dict(offered):
            offered += self.visible.filter(pk=chosen).values_list("pk", "name")
        return [(str(pk), name) for pk, name in offered]

    def choices(self, changelist: Any) -> Iterator[Any]:
        self.other_params = [
            (name, value)
            for name, values in changelist.filter_params.items()
            for value in values
            if name != self.parameter_name
        ]
        return super().choices(changelist)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = (self.value() or "").strip()
        if not value:
            return queryset
        if is_number(value):
            return queryset.filter(**{self.path: value})
        called = self.visible.filter(Q(name__icontains=value) | Q(github_repo__icontains=value))
        return queryset.filter(**{f"{self.path}__in": called.values("pk")})


class DateFilter(admin.SimpleListFilter):
    """The past 7 days, unless the person asks for more, searches, or follows a link to one session's rows."""

    title = "date"
    parameter_name = "since"
    DEFAULT, ANY = "7", "any"

    def __init__(self, request: Any, params: Any, model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        self.column = model_admin.date_column
        is_narrow = any(request.GET.get(name) for name in ("q", *model_admin.links))
        self.default = self.ANY if is_narrow else self.DEFAULT

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("1", "Past 24 hours"), ("7", "Past 7 days"), ("30", "Past 30 days"), (self.ANY, "Any time")]

    def choices(self, changelist: Any) -> Iterator[Any]:
        chosen = self.value() or self.default
        for value, title in self.lookup_choices:
            link = changelist.get_query_string({self.parameter_name: value})
            yield {"selected": value == chosen, "query_string": link, "display": title}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.value() or self.default
        if chosen == self.ANY:
            return queryset
        if chosen not in dict(self.lookup_choices):
            raise IncorrectLookupParameters(f"{chosen!r} is no span of time.")
        since = timezone.now() - timedelta(days=int(chosen))
        return queryset.filter(**{f"{self.column}__gte": since})


def is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER


def page_asked(request: HttpRequest) -> int:
    text = request.GET.get(PAGE_VAR, "1")
    return int(text) if is_number(text) else 1


def _estimate(table: str) -> int:
    """PostgreSQL's own guess at the rows of a table; 0 where there is none."""
    if connection.vendor != "postgresql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass", [f'"{table}"'])
        return max(0, int(cursor.fetchone()[0]))
