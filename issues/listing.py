"""Which sessions a list asks for: by status, project, label, text, time, and whether there is a pull request."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import django_filters  # type: ignore[import-untyped]
from django.db import connection
from django.db.models import Q, TextField
from django.db.models.functions import Cast

from issues.models import IssueSession, IssueSessionQuerySet
from issues.states import Status
from projects.listing import LONGEST_TEXT, MomentFilter, ordering_filter, project_filter

ORDER = ["id", "created_at", "started_at", "completed_at", "status", "github_issue_number"]

LARGEST_NUMBER_DIGITS = 9


def with_label(sessions: IssueSessionQuerySet, label: str) -> Any:
    """SQLite cannot look into a JSON list; the label's own JSON text, quotes included, is as exact."""
    if connection.features.supports_json_field_contains:
        return sessions.filter(github_issue_labels__contains=[label])
    text = sessions.annotate(label_text=Cast("github_issue_labels", TextField()))
    return text.filter(label_text__contains=json.dumps(label))


class IssueFilters(django_filters.FilterSet):  # type: ignore[misc]
    """`status` may be given several times; `label` is one whole label."""

    status = django_filters.MultipleChoiceFilter(choices=Status.choices, distinct=False)
    label = django_filters.CharFilter(method="labelled", max_length=100)
    has_pr = django_filters.TypedChoiceFilter(
        choices=[("true", "it has a pull request"), ("false", "it has none")],
        coerce=lambda value: value != "true",
        field_name="pr_number",
        lookup_expr="isnull",
    )
    updated_since = MomentFilter(
        method="updated",
        help_text="The session has an event, or a sync brought a change of the issue, from this time on (ISO 8601).",
    )
    search = django_filters.CharFilter(
        method="found",
        max_length=LONGEST_TEXT,
        help_text="A part of the title or branch, or the issue's number.",
    )
    ordering = ordering_filter(*ORDER)

    def labelled(self, sessions: IssueSessionQuerySet, name: str, label: str) -> Any:
        return with_label(sessions, label)

    def updated(self, sessions: IssueSessionQuerySet, name: str, since: datetime) -> IssueSessionQuerySet:
        """Every event and every change that a sync brings moves `changed_at`."""
        return sessions.filter(changed_at__gte=since)

    def found(self, sessions: IssueSessionQuerySet, name: str, text: str) -> IssueSessionQuerySet:
        wanted = Q(github_issue_title__icontains=text) | Q(branch_name__icontains=text)
        number = text.removeprefix("#")
        if number.isascii() and number.isdigit() and len(number) < 10:
            wanted |= Q(github_issue_number=int(number))
        return sessions.filter(wanted)


class SessionFilters(IssueFilters):
    project = project_filter()

    class Meta:
        model = IssueSession
        fields = ["status", "project", "label", "has_pr"]


def issue_number(text: str) -> int | None:
    """The number in `125` or `#125`."""
    digits = text.strip().removeprefix("#")
    return int(digits) if digits.isdecimal() and len(digits) <= LARGEST_NUMBER_DIGITS else None
