"""The form of a project. Secrets are typed in and never shown again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.db.models import JSONField, TextField

from projects.editing import SECRETS, SETTABLE
from projects.models import Project
from projects.rules import check_agent, check_working_dir

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Project]
else:
    ModelForm = forms.ModelForm


WIDE = {field.name for field in Project._meta.fields if isinstance(field, JSONField | TextField)}


class SecretInput(forms.CharField):
    def __init__(self, label: str) -> None:
        super().__init__(
            label=label,
            required=False,
            max_length=500,
            help_text="Leave blank to keep what is stored.",
            widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "size": 60}),
        )


class ProjectForm(ModelForm):
    user: Any  # who fills it in; set by the admin

    github_token = SecretInput("GitHub token")
    forget_github_token = forms.BooleanField(required=False, label="Remove the stored GitHub token")
    webhook_secret = SecretInput("Webhook secret")
    forget_webhook_secret = forms.BooleanField(required=False, label="Remove the stored webhook secret")

    class Meta:
        model = Project
        fields = SETTABLE
        widgets = {name: forms.Textarea(attrs={"rows": 2}) for name in SETTABLE if name in WIDE}

    def clean_working_dir(self) -> str:
        value: str = self.cleaned_data["working_dir"]
        check_working_dir(value, self.instance.pk)
        return value

    def clean_agent(self) -> str:
        value: str = self.cleaned_data["agent"]
        stored = Project.objects.filter(pk=self.instance.pk).first()
        check_agent(value, self.user, stored)
        return value

    def clean(self) -> dict[str, Any]:
        """A JSON box left empty means an empty list or object."""
        values = super().clean() or self.cleaned_data
        for name, value in values.items():
            if value is None and name in SETTABLE:
                column = Project._meta.get_field(name)
                if isinstance(column, JSONField):
                    values[name] = type(column.get_default())()
        return values

    def secrets(self) -> dict[str, str | None]:
        """What was typed; "" keeps what is stored, None removes it."""
        values = self.cleaned_data
        return {
            name: values[name] or (None if values[f"forget_{name}"] else "")
            for name in SECRETS
            if name in values
        }
