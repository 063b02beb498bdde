"""What every admin page keeps to: staff see rows of their own projects only, and act by their role.

Django's model permissions are not asked: being staff opens the admin, the roles on projects decide the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters, ShowFacets
from django.contrib.admin.utils import flatten_fieldsets, unquote
from django.contrib.admin.views.main import ALL_VAR, ERROR_FLAG, ORDER_VAR, PAGE_VAR
from django.core.exceptions import BadRequest
from django.db.models import Exists, ForeignKey, Model, OuterRef, QuerySet, TextField
from django.forms import ModelChoiceField
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.functional import cached_property

from projects.access import of_visible_projects
from projects.changelist import (
    EXPORT_VAR,
    LAST_PAGE,
    BoundedChangeList,
    DateFilter,
    WindowPaginator,
    is_number,
    page_asked,
)
from projects.columns import preformatted, said, worded
from projects.errors import AutowrkersError
from projects.export import csv_response
from projects.models import Project, Scope

SHOWN_REFUSALS = 10
ACTED_AT_ONCE = 500
PAGING = {PAGE_VAR, ORDER_VAR, ALL_VAR, ERROR_FLAG, EXPORT_VAR}
if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin


class ScopedAdmin(ModelAdmin):
    """`project_path` leads from the model to its project. Nothing is added, changed or deleted by default.

    Lists sort by `sortable_by` only: each of those columns, and each filter, has an index.
    """

    project_path = "project"
    date_column = ""
    shows_all_to_superusers = False
    list_defer: tuple[str, ...] = ()
    sortable_by: ClassVar[list[str] | tuple[str, ...] | None] = ()
    links: tuple[str, ...] = ()  # look-ups, beside those of `list_filter`, that links of ours use
    empty_text = ""  # how rows come into being
    list_per_page = 50
    show_full_result_count = False
    show_facets = ShowFacets.NEVER

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[BoundedChangeList]:
        return BoundedChangeList

    def get_paginator(
        self, request: HttpRequest, queryset: QuerySet[Any], per_page: int, *args: Any, **kwargs: Any
    ) -> WindowPaginator:
        asked = {name: text for name, text in request.GET.items() if name not in PAGING and text}
        wanted = {DateFilter.parameter_name: DateFilter.ANY} if self.date_column else {}
        is_whole = is_superuser(request) and asked == wanted
        return WindowPaginator(queryset, per_page, page=page_asked(request), is_whole_table=is_whole)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        refuse_bad_ids(ACTION_CHECKBOX_NAME, request.POST.getlist(ACTION_CHECKBOX_NAME))
        query = request.GET.copy()
        if page_asked(request) > LAST_PAGE:
            del query[PAGE_VAR]
            text = f"Lists end at page {LAST_PAGE:,}. Narrow this one by its filters or its search."
            self.message_user(request, text, messages.WARNING)
            return HttpResponseRedirect(f"{request.path}?{query.urlencode()}")
        if EXPORT_VAR in request.GET and request.method == "GET":
            del query[EXPORT_VAR]
            request.GET = query  # type: ignore[assignment]
            return self._export(request)
        return super().changelist_view(request, extra_context)

    def _export(self, request: HttpRequest) -> HttpResponse:
        """The whole list as it is filtered."""
        if not self.has_view_permission(request):
            return HttpResponse(status=403)
        try:
            rows = self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters:
            return HttpResponseRedirect(f"{request.path}?{ERROR_FLAG}=1")
        return csv_response(self, request, rows)  # type: ignore[return-value]

    def get_actions(self, request: HttpRequest) -> Any:
        actions = super().get_actions(request)
        if "_popup" not in request.GET:
            actions["export_csv"] = (type(self).export_csv, "export_csv", "Export selected as CSV")
        return actions

    def export_csv(self, request: HttpRequest, rows: QuerySet[Any]) -> Any:
        return csv_response(self, request, rows)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        if self.shows_all_to_superusers and is_superuser(request):
            return rows
        relation, _, name = self.project_path.rpartition("__")
        visible = of_visible_projects(request.user, path=name)
        if not relation:
            return rows.filter(visible)
        # Not by a join: SQLite would begin with the parents and sort all their rows.
        parents: Any = self.opts.get_field(relation).related_model
        return rows.filter(Exists(parents._default_manager.filter(visible, pk=OuterRef(f"{relation}_id"))))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and getattr(request.user, "is_staff", False))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Whether any project lets this person operate; each row is asked again when it is acted on."""
        return is_superuser(request) or may_anywhere(request, Scope.OPERATE)

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """Only what the filters on the page produce: anything else would let people probe hidden columns."""
        entries = [entry[0] if isinstance(entry, tuple) else entry for entry in self.list_filter or ()]
        names = [getattr(entry, "parameter_name", entry) for entry in entries]
        endings = ("", "__exact", "__isnull", "__gte", "__lt")
        return lookup in self.links or lookup in {f"{name}{end}" for name in names for end in endings}

    def _get_obj_does_not_exist_redirect(
        self, request: HttpRequest, opts: Any, object_id: str
    ) -> HttpResponseRedirect:
        """What is foreign, unknown or archived is not found, as on every other page."""
        raise Http404

    def _find(self, request: HttpRequest, object_id: str) -> None:
        """Asked before the permission: a 403 would tell that there is such a row."""
        if self.get_object(request, unquote(object_id)) is None:
            raise Http404

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        self._find(request, object_id)
        return super().delete_view(request, object_id, extra_context)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        """Django's widgets ask the database for a typed relation as it stands."""
        if object_id is not None:
            self._find(request, object_id)
        for field in self.opts.fields:
            if isinstance(field, ForeignKey):
                refuse_bad_ids(
                    field.name, [*request.GET.getlist(field.name), *request.POST.getlist(field.name)]
                )
        return super().changeform_view(request, object_id, form_url, extra_context)

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField[Any] | None:
        """Offer only rows that the person may see on that model's own page."""
        related: Any = db_field.remote_field.model
        if self.admin_site.is_registered(related):
            kwargs.setdefault("queryset", self.admin_site.get_model_admin(related).get_queryset(request))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def act_on_each(
        self, request: HttpRequest, rows: QuerySet[Any], act: Callable[[Any], object], *, done: str
    ) -> None:
        """Act on the rows that the role allows; tell how many were `done`, and of each refused one why."""
        chosen = list(rows[: ACTED_AT_ONCE + 1])
        if len(chosen) > ACTED_AT_ONCE:
            text = f"Nothing was done: at most {ACTED_AT_ONCE} rows at once. Narrow the list first."
            self.message_user(request, text, messages.ERROR)
            return
        allowed = set(Project.objects.visible_to(request.user, Scope.OPERATE).values_list("pk", flat=True))
        count, refusals = 0, []
        for row in chosen:
            project_pk = row.pk if isinstance(row, Project) else row.project_id
            if project_pk not in allowed:
                refusals.append(f"{row}: your role on this project only lets you look.")
                continue
            try:
                act(row)
                count += 1
            except AutowrkersError as error:
                refusals.append(f"{row}: {error}")
        if count:
            self.message_user(request, f"{done}: {count}.", messages.SUCCESS)
        for text in refusals[:SHOWN_REFUSALS]:
            self.message_user(request, text, messages.ERROR)
        if len(refusals) > SHOWN_REFUSALS:
            self.message_user(request, f"{len(refusals) - SHOWN_REFUSALS} more were refused.", messages.ERROR)


class JournalAdmin(ScopedAdmin):
    """Rows that nobody edits: every column but the `hidden` ones; long texts as they are indented.

    `words` tells how lists and records say a stored value. A CSV file gets it as it is.
    """

    hidden: tuple[str, ...] = ()
    words: Mapping[str, Callable[[Any], str]] = {}

    @cached_property
    def _said(self) -> dict[str, Any]:
        """The column in words of each name in `words`; its unit, if it has one, is in the words."""
        labels = {
            field.name: worded(str(field.verbose_name)).partition(" (")[0] for field in self.opts.fields
        }
        return {name: said(name, say, labels[name]) for name, say in self.words.items()}

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        return [self._said.get(str(name), name) for name in super().get_list_display(request)]

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return [
            (title, {**options, "fields": [self._said.get(str(name), name) for name in options["fields"]]})
            for title, options in super().get_fieldsets(request, obj)
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        if self.fieldsets:
            return [self._said.get(str(name), name) for name in flatten_fieldsets(self.fieldsets)]
        shown = (field for field in self.opts.fields if field.name not in (*self.hidden, "id"))
        return [self._readonly(field) for field in shown]

    def _readonly(self, field: Any) -> Any:
        if isinstance(field, TextField):
            return preformatted(field)
        return self._said.get(field.name, field.name)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return self.get_readonly_fields(request, obj)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        kwargs.setdefault(
            "labels", {field.name: worded(str(field.verbose_name)) for field in self.opts.fields}
        )
        return super().get_form(request, obj, change, **kwargs)


def refuse_bad_ids(name: str, values: Iterable[str]) -> None:
    """Raises BadRequest for what cannot be the number of a row."""
    for value in values:
        if value and not is_number(value):
            raise BadRequest(f"{name} must be the number of a row.")


def is_superuser(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_superuser", False))


def may_anywhere(request: HttpRequest, scope: str) -> bool:
    return Project.objects.visible_to(request.user, scope).exists()
