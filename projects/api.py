"""The API of projects: create, read, change, archive, and the wish to sync."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from projects import editing
from projects.archive import archive
from projects.models import Project, Scope
from projects.serializers import ProjectSerializer
from projects.strict import StrictViewSet


class ProjectViewSet(
    mixins.CreateModelMixin,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
    StrictViewSet,
):
    queryset = Project.objects.none()
    serializer_class = ProjectSerializer
    scopes = {
        "list": Scope.READ,
        "retrieve": Scope.READ,
        "create": Scope.ADMIN,
        "update": Scope.ADMIN,
        "partial_update": Scope.ADMIN,
        "destroy": Scope.ADMIN,
        "sync": Scope.OPERATE,
    }

    def get_queryset(self) -> Any:
        return Project.objects.visible_to(self.request.user)

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Link a repository. GitHub is not asked: problems show at the first sync."""
        if not request.user.has_perm("projects.add_project"):
            raise PermissionDenied("You may not link repositories: ask an administrator.", code="role")
        response = super().create(request, *args, **kwargs)
        response["Location"] = reverse("api:project", [response.data["id"]], request=request)
        return response

    def perform_destroy(self, instance: Project) -> None:
        archive(instance, actor=self.actor)

    @extend_schema(request=None, responses={202: ProjectSerializer})
    def sync(self, request: Request, **kwargs: Any) -> Response:
        """Ask for a sync of the project's issues; a worker carries it out."""
        project = self.get_object()
        editing.request_sync(project, actor=self.actor)
        location = reverse("api:project", [project.pk], request=request)
        return Response(self.get_serializer(project).data, status=202, headers={"Location": location})
