"""The API of alerts: what needs a person, from when it was raised until it was gone, newest first."""

from __future__ import annotations

from typing import Any

import django_filters  # type: ignore[import-untyped]
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.request import Request
from rest_framework.response import Response

from automation.models import Alert
from automation.serializers import AlertSerializer
from projects.listing import project_filter
from projects.models import Scope
from projects.pagination import NewestFirst
from projects.strict import StrictViewSet


class AlertFilters(django_filters.FilterSet):  # type: ignore[misc]
    """`kind` may be given several times."""

    kind = django_filters.MultipleChoiceFilter(choices=Alert.Kind.choices, distinct=False)
    project = project_filter()
    open = django_filters.TypedChoiceFilter(
        choices=[("true", "it lasts"), ("false", "it has ended")],
        coerce=lambda value: value == "true",
        field_name="ended_at",
        lookup_expr="isnull",
        help_text="Whether it lasts.",
    )

    class Meta:
        model = Alert
        fields = ["kind", "project", "open"]


class AlertViewSet(mixins.ListModelMixin, StrictViewSet):
    queryset = Alert.objects.none()
    serializer_class = AlertSerializer
    filterset_class = AlertFilters
    pagination_class = NewestFirst
    scopes = {"list": Scope.READ}

    def get_queryset(self) -> Any:
        return Alert.objects.filter(self.visible_rows(or_of_none=True))

    @extend_schema(operation_id="alerts_list")
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """What needs a person, newest first; an ended alert is kept for 90 days.

        Superusers also see those of the installation.
        """
        return super().list(request, *args, **kwargs)
