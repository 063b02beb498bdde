"""The API of webhook deliveries: what GitHub told us by itself, and what became of it, newest first."""

from __future__ import annotations

from typing import Any

import django_filters  # type: ignore[import-untyped]
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.request import Request
from rest_framework.response import Response

from automation.models import WebhookDelivery
from automation.serializers import DeliverySerializer
from automation.webhooks.inbox import EVENTS
from projects.columns import worded
from projects.listing import project_filter
from projects.models import Scope
from projects.pagination import NewestFirst
from projects.strict import StrictViewSet


class DeliveryFilters(django_filters.FilterSet):  # type: ignore[misc]
    """`status` and `event` may be given several times."""

    status = django_filters.MultipleChoiceFilter(
        field_name="state", choices=WebhookDelivery.State.choices, distinct=False
    )
    event = django_filters.MultipleChoiceFilter(
        choices=[(event, worded(event)) for event in EVENTS], distinct=False
    )
    project = project_filter()

    class Meta:
        model = WebhookDelivery
        fields = ["status", "event", "project"]


class DeliveryViewSet(mixins.ListModelMixin, StrictViewSet):
    queryset = WebhookDelivery.objects.none()
    serializer_class = DeliverySerializer
    filterset_class = DeliveryFilters
    pagination_class = NewestFirst
    scopes = {"list": Scope.READ}

    def get_queryset(self) -> Any:
        return WebhookDelivery.objects.filter(self.visible_rows(or_of_none=True))

    @extend_schema(operation_id="webhook_deliveries_list")
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """What GitHub told by itself, newest first; kept for 30 days.

        Superusers also see those that belong to no project.
        """
        return super().list(request, *args, **kwargs)
