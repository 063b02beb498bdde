"""The root of the API: where everything begins, for a program that knows no more than the host."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from config.answers import API_VERSION
from projects.models import Project, Scope
from projects.strict import StrictViewSet

LINKS = {
    "schema": ("schema", "The description of everything (OpenAPI 3), for programs."),
    "docs": ("docs", "The same, to read and to try."),
    "projects": ("projects", "The projects that the caller sees."),
    "issue_sessions": ("sessions", "Every issue that is or was worked on."),
    "events": ("feed", "The feed of events."),
    "webhook_deliveries": ("deliveries", "What GitHub told by itself."),
    "alerts": ("alerts", "What needs a person."),
}
FIELDS: dict[str, Any] = {
    "version": serializers.CharField(help_text="The version of the API."),
    **{name: serializers.URLField(help_text=meaning) for name, (_, meaning) in LINKS.items()},
}


class RootViewSet(StrictViewSet):
    queryset = Project.objects.none()
    serializer_class = serializers.Serializer
    pagination_class = None
    scopes = {"links": Scope.READ}

    @extend_schema(operation_id="root", tags=["api"], responses=inline_serializer("Root", FIELDS))
    def links(self, request: Request, **kwargs: Any) -> Response:
        """Where everything begins."""
        links = {name: reverse(f"api:{view}", request=request) for name, (view, _) in LINKS.items()}
        return Response({"version": API_VERSION} | links)
