"""Which sessions a list asks for: by status, project, label, and whether there is a pull request."""

from __future__ import annotations

import json
from typing import Any

import django_filters  # type: ignore[import-untyped]
from django.db import connection
from django.db.models import TextField
from django.db.models.functions import Cast

from issues.models import IssueSession, IssueSessionQuerySet
from issues.states import Status


class IssueFilters(django_filters.FilterSet):  # type: ignore[misc]
    """`status` may be given several times; `label` is one whole label."""

    status = django_filters.MultipleChoiceFilter(choices=Status.choices)
    label = django_filters.CharFilter(method="labelled", max_length=100)
    has_pr = django_filters.TypedChoiceFilter(
        choices=[("true", "true"), ("false", "false")],
        coerce=lambda value: value != "true",
        field_name="pr_number",
        lookup_expr="isnull",
    )

    def labelled(self, sessions: IssueSessionQuerySet, name: str, label: str) -> Any:
        """SQLite cannot look into a JSON list; the label's own JSON text, quotes included, is as exact."""
        if connection.features.supports_json_field_contains:
            return sessions.filter(github_issue_labels__contains=[label])
        text = sessions.annotate(label_text=Cast("github_issue_labels", TextField()))
        return text.filter(label_text__contains=json.dumps(label))


class SessionFilters(IssueFilters):
    project = django_filters.NumberFilter(field_name="project_id")

    class Meta:
        model = IssueSession
        fields = ["status", "project", "label", "has_pr"]
