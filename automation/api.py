"""The API of automation: start, stop and status of one project's."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from automation import control
from automation.serializers import AutomationStatusSerializer, StopSerializer
from projects.models import Project, Scope
from projects.permissions import VERB_SCOPES
from projects.strict import StrictViewSet


class AutomationViewSet(StrictViewSet):
    queryset = Project.objects.none()
    serializer_class = AutomationStatusSerializer
    with_body = frozenset({"stop"})
    scopes = {"start": VERB_SCOPES["start-automation"], "stop": VERB_SCOPES["pause"], "status": Scope.READ}

    def get_queryset(self) -> Any:
        return self.visible_projects().select_related("credential")

    @extend_schema(request=None)
    def start(self, request: Request, **kwargs: Any) -> Response:
        """Let the project sync and, with `auto_start`, begin issues by itself."""
        project = self.get_object()
        control.start(project, actor=self.actor)
        return self._answer(project)

    @extend_schema(request=StopSerializer)
    def stop(self, request: Request, **kwargs: Any) -> Response:
        """Begin nothing more by itself. `stop_running` also stops what runs and takes what waits out of the queue."""
        project = self.get_object()
        wish = StopSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        control.stop(project, actor=self.actor, **wish.validated_data)
        return self._answer(project)

    def status(self, request: Request, **kwargs: Any) -> Response:
        """How the project's automation stands."""
        return self._answer(self.get_object())

    def _answer(self, project: Project) -> Response:
        return Response(self.get_serializer(control.status_of(project)).data)
