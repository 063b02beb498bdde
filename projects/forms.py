"""The form of a project. Secrets are typed in and never shown again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import TextField

from projects import unseen
from projects.editing import AGENT, COMMANDS, SECRETS, SETTABLE, TRIAGE
from projects.form_fields import ChecksField, LinesField
from projects.models import Project
from projects.rules import (
    check_agent,
    check_agent_command,
    check_name,
    check_repository,
    check_working_dir,
)
from projects.validators import check_texts, validate_token, validate_visible

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Project]
else:
    ModelForm = forms.ModelForm


SECRET_FIELDS = ["github_token", "forget_github_token", "webhook_secret", "forget_webhook_secret"]
# Form field -> key of `issue_filter`.
FILTERS = {
    "filter_labels": "labels",
    "filter_exclude_labels": "exclude_labels",
    "filter_assignees": "assignees",
    "filter_milestones": "milestones",
}
LIMITS = [name for name in AGENT if name.startswith(("attempt_", "monthly_", "check_"))]
TEXTS = {field.name for field in Project._meta.fields if isinstance(field, TextField)}


def fieldsets(*, may_edit: bool) -> list[tuple[str | None, Any]]:
    """The settings in groups. Somebody who may only look reads the lists, and sees nothing of secrets."""
    secrets = {
        "fields": SECRET_FIELDS,
        "description": "Stored encrypted and never shown again. A blank field keeps what is stored.",
    }
    groups: list[tuple[str | None, Any]] = [
        ("Repository", {"fields": ["name", "github_repo", "default_branch", "working_dir"]}),
        (
            "Automation",
            {
                "fields": ["auto_sync", "auto_start", "max_concurrent"],
                "description": "Both switches work only while automation runs; it is started on the project's page.",
            },
        ),
        (
            "Which issues",
            {
                "fields": list(FILTERS),
                "description": "One name per line. An issue is taken when it has all labels of the first list and "
                "none of the second, and when it is assigned to one of the people and in one of the milestones. "
                "Empty lists ask for nothing.",
            },
        ),
        (
            "Which of them wait or are skipped",
            {"fields": TRIAGE, "description": "Skipped issues come back when the label goes."},
        ),
        (
            "Commands",
            {
                "fields": COMMANDS,
                "description": "Each runs by a shell at the top of a clean checkout, in the sandbox. All that are "
                "given must pass before a pull request is opened. An empty one is left out, but for the smoke command.",
            },
        ),
        ("Agent", {"fields": [name for name in AGENT if name not in LIMITS]}),
        ("Limits", {"fields": LIMITS, "description": "What one attempt, one check and one month may take."}),
    ]
    if may_edit:
        groups.insert(1, ("Secrets", secrets))
        groups[0][1]["fields"].append(unseen.FIELD)
        return groups
    return [
        (title, options | {"fields": [READ.get(name, name) for name in options["fields"]]})
        for title, options in groups
    ]


class SecretInput(forms.CharField):
    def __init__(self, label: str, validate: Callable[[str], None]) -> None:
        super().__init__(
            label=label,
            required=False,
            max_length=500,
            validators=[validate],
            help_text="Leave blank to keep what is stored.",
            widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "size": 60}),
        )


class ProjectForm(ModelForm):
    user: Any  # who fills it in; set by the admin

    github_token = SecretInput("GitHub token", validate_token)
    forget_github_token = forms.BooleanField(required=False, label="Remove the stored GitHub token")
    webhook_secret = SecretInput("Webhook secret", validate_visible)
    forget_webhook_secret = forms.BooleanField(required=False, label="Remove the stored webhook secret")
    filter_labels = LinesField(label="Labels, all of them", help_text="For example: bug")
    filter_exclude_labels = LinesField(label="None of these labels", help_text="For example: wontfix")
    filter_assignees = LinesField(label="Assigned to one of", help_text="User names on GitHub.")
    filter_milestones = LinesField(label="In one of these milestones")
    skip_labels = LinesField(label="Skip labels", help_text="An issue with one of these is skipped.")
    complex_labels = LinesField(
        label="Complex labels", help_text="Each of these makes an issue count as complex."
    )
    trusted_authors = LinesField(
        label="Trusted authors",
        help_text="User names on GitHub whose issues may start by themselves although they may not write to the "
        "repository. Everybody else's wait for a person.",
    )
    custom_checks = ChecksField(
        label="Custom checks",
        help_text="One per line, as name: command. For example: licences: make licences",
    )

    class Meta:
        model = Project
        fields = [name for name in SETTABLE if name != "issue_filter"]
        widgets = {
            name: forms.Textarea(attrs={"rows": 2, "cols": 80, "class": "mono", "spellcheck": "false"})
            for name in SETTABLE
            if name in TEXTS
        }
        help_texts = {
            "verification_command": "Named to the agent in its prompt. It runs as the test where there is no test "
            "command, else as one more check.",
            "test_command": "Runs as the test where the repository has tests. Named in the prompt where there is no "
            "verification command.",
            "smoke_command": "Empty: we parse the changed Python and JSON files.",
        }

    shown = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial = dict(self.initial) | {unseen.FIELD: unseen.hash_of(self.instance)}
        stored = self.instance.issue_filter
        if isinstance(stored, dict):
            self.initial = dict(self.initial) | {field: stored.get(key, []) for field, key in FILTERS.items()}

    def clean_name(self) -> str:
        value: str = self.cleaned_data["name"]
        check_name(value, self._stored())
        return value

    def clean_github_repo(self) -> str:
        value: str = self.cleaned_data["github_repo"]
        check_repository(value, self._stored())
        return value

    def clean_working_dir(self) -> str:
        value: str = self.cleaned_data["working_dir"]
        check_working_dir(value, self.user, self._stored())
        return value

    def clean_agent(self) -> str:
        value: str = self.cleaned_data["agent"]
        check_agent(value, self.user, self._stored())
        return value

    def clean_agent_command(self) -> str:
        value: str = self.cleaned_data["agent_command"]
        check_agent_command(self.cleaned_data.get("agent", ""), value, self._stored())
        return value

    def _stored(self) -> Project | None:
        """The project as it is while the form is being read: what was typed comes into it afterwards."""
        return self.instance if self.instance.pk else None

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if self.instance.pk and not unseen.is_as_shown(self.instance, values.get(unseen.FIELD, "")):
            raise ValidationError(unseen.CHANGED, code="changed")
        if set(FILTERS) <= set(values):
            check_texts({name: values[name] for name in FILTERS})
            self.instance.issue_filter = {key: values[name] for name, key in FILTERS.items() if values[name]}
        return values

    def secrets(self) -> dict[str, str | None]:
        """What was typed; "" keeps what is stored, None removes it."""
        values = self.cleaned_data
        return {
            name: values[name] or (None if values[f"forget_{name}"] else "")
            for name in SECRETS
            if name in values
        }


def _as_read(name: str, field: Any) -> Callable[[Project], str]:
    """The column of a list for somebody who may only look: the lines that the form would hold."""

    @admin.display(description=field.label)
    def shown(project: Project) -> str:
        stored = project.issue_filter if name in FILTERS else {name: getattr(project, name)}
        value = stored.get(FILTERS.get(name, name), []) if isinstance(stored, dict) else stored
        return str(field.prepare_value(value)) or "-"

    return shown


READ = {
    name: _as_read(name, field)
    for name, field in ProjectForm.base_fields.items()
    if isinstance(field, LinesField | ChecksField)
}
