"""Roles on a project, given on the project's own page by its managers: by exact user name, never from a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest

from projects import editing
from projects.models import Membership, Project, Role, Scope

if TYPE_CHECKING:
    RoleModelForm = forms.ModelForm[Membership]
    Inline = admin.TabularInline[Membership, Project]
    FormSet = BaseInlineFormSet[Membership, Project, Any]
else:
    RoleModelForm, Inline, FormSet = forms.ModelForm, admin.TabularInline, BaseInlineFormSet
TAKEN = "This person has a role here already: change it in their own row."
FOREIGN = (
    "A role in the form is not of this project, or is there no more: nothing was saved. Reload the page."
)
UNKNOWN = "There is no active user of exactly this name."


class RoleForm(RoleModelForm):
    username = forms.CharField(label="User name", max_length=150, help_text="Exactly as the person logs in.")

    class Meta:
        model = Membership
        fields = ("role",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["username"].disabled = True
            self.initial["username"] = self.instance.user.get_username()

    def clean_username(self) -> str:
        name: str = self.cleaned_data["username"]
        if not self.instance.pk:
            user = get_user_model().objects.filter(username=name, is_active=True).first()
            if user is None:
                raise ValidationError(UNKNOWN, code="unknown_user")
            if Membership.objects.filter(project=self.instance.project_id, user=user).exists():
                raise ValidationError(TAKEN, code="taken")
            self.instance.user = user
        return name


class RoleFormSet(FormSet):
    acting_user: Any

    def add_fields(self, form: Any, index: int | None) -> None:
        """Each field says whose role it is: the table has headings only."""
        super().add_fields(form, index)
        who = form.instance.user.get_username() if form.instance.pk else f"new person {(index or 0) + 1}"
        for name, what in (("username", "User name"), ("role", "Role"), ("DELETE", "Take the role")):
            if name in form.fields:
                form.fields[name].widget.attrs["aria-label"] = f"{what}: {who}"

    def clean(self) -> None:
        super().clean()
        if any(form.instance.pk is None for form in self.initial_forms):
            raise ValidationError(FOREIGN, code="foreign")
        kept = [
            form
            for form in self.forms
            if form not in self.deleted_forms and form.cleaned_data.get("username")
        ]
        names = [form.cleaned_data["username"] for form in kept]
        if len(set(names)) < len(names):
            raise ValidationError("Each person has one role here: a user name is given twice.", code="twice")
        managers = [form for form in kept if form.cleaned_data.get("role") == Role.MANAGER]
        if not managers and not self.acting_user.is_superuser:
            raise ValidationError(
                "A project keeps at least one manager; only a site administrator may take the last one's role.",
                code="last_manager",
            )


class RoleInline(Inline):
    model = Membership
    form = RoleForm
    formset = RoleFormSet
    fields = ("username", "role")
    extra = 1
    verbose_name = "role"
    verbose_name_plural = "People and their roles"

    def get_queryset(self, request: HttpRequest) -> Any:
        """Django narrows it to the project, whose page asks for the permission."""
        return Membership.objects.select_related("user", "project").order_by("user__username")

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        formset: Any = super().get_formset(request, obj, **kwargs)
        formset.acting_user = request.user
        return formset

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return isinstance(obj, Project) and obj.allows(request.user, Scope.ADMIN)

    has_add_permission = has_change_permission = has_delete_permission = has_view_permission


def save_roles(formset: Any, *, actor: str) -> None:
    """Store what was changed, each change with its audit row."""
    formset.save(commit=False)
    for membership in formset.deleted_objects:
        editing.record_role(membership, "role.taken", actor=actor)
        membership.delete()
    for membership in formset.new_objects:
        membership.save()
        editing.record_role(membership, "role.given", actor=actor)
    for membership, _ in formset.changed_objects:
        membership.save()
        editing.record_role(membership, "role.changed", actor=actor)
