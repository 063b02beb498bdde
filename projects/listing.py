"""Which projects a list asks for and in which order; fields for filters of every layer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import django_filters  # type: ignore[import-untyped]
from django import forms
from django.db.models import Q

from projects.models import Project
from projects.models.project import ProjectQuerySet

LONGEST_TEXT = 200


class MomentField(django_filters.fields.IsoDateTimeField):  # type: ignore[misc]
    """An ISO 8601 time that exists in UTC, too."""

    def to_python(self, value: Any) -> datetime | None:
        try:
            moment: datetime | None = super().to_python(value)
            return moment.astimezone(UTC) if moment else None
        except OverflowError as error:
            raise forms.ValidationError("This time is out of range.") from error


class MomentFilter(django_filters.IsoDateTimeFilter):  # type: ignore[misc]
    field_class = MomentField


def project_filter() -> django_filters.NumberFilter:
    """By the id of the project that a row belongs to."""
    return django_filters.NumberFilter(field_name="project_id", min_value=1, max_digits=18, decimal_places=0)


def ordering_filter(*names: str) -> django_filters.OrderingFilter:
    said = f"Write one or more of {', '.join(names)}, with commas between; a minus in front turns one round."
    return django_filters.OrderingFilter(fields=names, error_messages={"invalid_choice": said})


class ProjectFilters(django_filters.FilterSet):  # type: ignore[misc]
    """`search` looks into names and repositories."""

    search = django_filters.CharFilter(method="found", max_length=LONGEST_TEXT)
    ordering = ordering_filter("id", "name", "created_at", "last_synced_at")

    class Meta:
        model = Project
        fields = ["search"]

    def found(self, projects: ProjectQuerySet, name: str, text: str) -> ProjectQuerySet:
        return projects.filter(Q(name__icontains=text) | Q(github_repo__icontains=text))
