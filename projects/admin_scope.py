"""What every admin page keeps to: staff see rows of their own projects only, and act by their role.

Django's model permissions are not asked: being staff opens the admin, the roles on projects decide the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.options import ShowFacets
from django.contrib.admin.utils import flatten_fieldsets
from django.db.models import ForeignKey, Model, QuerySet
from django.forms import ModelChoiceField
from django.http import HttpRequest

from projects.errors import AutowrkersError
from projects.models import Project, Scope

SHOWN_REFUSALS = 10
if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin


class ProjectFilter(admin.SimpleListFilter):
    """By project, offering only those that the person may see."""

    title = "project"
    parameter_name = "project"

    def __init__(self, request: Any, params: Any, model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        self.path = model_admin.project_path

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        visible = Project.objects.visible_to(request.user)
        return [(str(pk), name) for pk, name in visible.values_list("pk", "name")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if value is None:
            return queryset
        return queryset.filter(**{self.path: value}) if value.isdecimal() else queryset.none()


class ScopedAdmin(ModelAdmin):
    """`project_path` leads from the model to its project. Nothing is added, changed or deleted by default."""

    project_path = "project"
    shows_all_to_superusers = False
    links: tuple[str, ...] = ()  # look-ups, beside those of `list_filter`, that links of ours use
    list_per_page = 50
    show_full_result_count = False
    show_facets = ShowFacets.NEVER

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        if self.shows_all_to_superusers and is_superuser(request):
            return rows
        return rows.filter(**{f"{self.project_path}__in": Project.objects.visible_to(request.user)})

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

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField[Any] | None:
        """Offer only rows that the person may see on that model's own page."""
        related: Any = db_field.remote_field.model
        if self.admin_site.is_registered(related):
            kwargs.setdefault("queryset", self.admin_site.get_model_admin(related).get_queryset(request))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def act_on_each(
        self, request: HttpRequest, rows: Iterable[Any], act: Callable[[Any], object], *, done: str
    ) -> None:
        """Act on the rows that the role allows; tell how many were `done`, and of each refused one why."""
        allowed = set(Project.objects.visible_to(request.user, Scope.OPERATE).values_list("pk", flat=True))
        count, refusals = 0, []
        for row in rows:
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
    """Rows that nobody edits: every column is shown, but for the `hidden` ones."""

    hidden: tuple[str, ...] = ()

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        if self.fieldsets:
            return [str(name) for name in flatten_fieldsets(self.fieldsets)]
        return [field.name for field in self.opts.fields if field.name not in (*self.hidden, "id")]

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return self.get_readonly_fields(request, obj)


def is_superuser(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_superuser", False))


def may_anywhere(request: HttpRequest, scope: str) -> bool:
    return Project.objects.visible_to(request.user, scope).exists()
