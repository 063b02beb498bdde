"""The API of projects: create, read, change, archive, and the wish to sync."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from projects import editing, etags
from projects.archive import archive
from projects.idempotency import idempotent
from projects.listing import ProjectFilters
from projects.models import AuditEvent, Project, Scope
from projects.pagination import NewestFirst
from projects.permissions import VERB_SCOPES
from projects.problems import Problem
from projects.serializers import AuditSerializer, ProjectSerializer
from projects.strict import StrictViewSet

CHANGES = frozenset({"update", "partial_update", "destroy"})
SETTINGS = [*editing.SETTABLE, *(f"{name}_set" for name in editing.SECRETS), "automation_enabled"]


@extend_schema_view(
    list=extend_schema(description="The projects that the caller sees."),
    retrieve=extend_schema(
        description="One project. With `If-None-Match`, only if it is another one by now."
    ),
    partial_update=extend_schema(
        description="Change the named fields of the project. With `If-Match`, only if its settings are still as "
        "that ETag names them."
    ),
)
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
    filterset_class = ProjectFilters
    tagged = frozenset({"create", "retrieve", "update", "partial_update"})  # answers with an ETag
    matched = CHANGES
    scopes = {
        "list": Scope.READ,
        "retrieve": Scope.READ,
        "create": Scope.ADMIN,
        "update": Scope.ADMIN,
        "partial_update": Scope.ADMIN,
        "destroy": Scope.ADMIN,
        "sync": VERB_SCOPES["sync"],
    }

    def get_queryset(self) -> Any:
        projects = self.visible_projects()
        return projects.select_for_update(of=("self",)) if self.action in CHANGES else projects

    def get_object(self) -> Project:
        project: Project = super().get_object()
        if self.action in CHANGES and etags.has_condition(self.request):
            etags.check_match(self.request, _etag(self.get_serializer(project).data))
        return project

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        response = _tagged(super().retrieve(request, *args, **kwargs))
        if etags.is_unchanged(request, response["ETag"]):
            return Response(status=304, headers={"ETag": response["ETag"]})
        return response

    @idempotent
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Link a repository. GitHub is not asked: problems show at the first sync."""
        self.check_target()
        response = _tagged(super().create(request, *args, **kwargs))
        response["Location"] = reverse("api:project", [response.data["id"]], request=request)
        return response

    @transaction.atomic
    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change the project; `name` and `github_repo` are required.

        With `If-Match`, only if its settings are still as that ETag names them.
        """
        return _tagged(super().update(request, *args, **kwargs))

    @transaction.atomic
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Archive the project: work stops, its secrets are forgotten. GitHub is left alone."""
        return super().destroy(request, *args, **kwargs)

    def perform_destroy(self, instance: Project) -> None:
        archive(instance, actor=self.actor)

    def check_target(self) -> None:
        if self.action != "create":
            super().check_target()
            return
        if not self.request.user.has_perm("projects.add_project"):
            raise PermissionDenied("You may not link repositories: ask an administrator.", code="role")
        if self.token and self.token.is_limited:
            raise PermissionDenied("This token is limited to projects that are there.", code="token_projects")

    def check_reply(self, body: Any) -> None:
        if self.action == "create" and not self.visible_projects().filter(pk=body["id"]).exists():
            raise Problem(
                409,
                "idempotency.gone",
                "The project that was created with this Idempotency-Key is not there any more.",
                remedy="Use a new key to link the repository again.",
            )

    @extend_schema(request=None, responses={202: ProjectSerializer})
    @idempotent
    def sync(self, request: Request, **kwargs: Any) -> Response:
        """Ask for a sync of the project's issues; a worker carries it out. It takes no `If-Match`."""
        project = self.get_object()
        editing.request_sync(project, actor=self.actor)
        location = reverse("api:project", [project.pk], request=request)
        return Response(self.get_serializer(project).data, status=202, headers={"Location": location})


class AuditViewSet(mixins.ListModelMixin, StrictViewSet):
    """Who changed the project, its roles and its secrets, newest first."""

    queryset = AuditEvent.objects.none()
    serializer_class = AuditSerializer
    pagination_class = NewestFirst
    scopes = {"list": Scope.READ}

    def get_queryset(self) -> Any:
        project = get_object_or_404(self.visible_projects(), pk=self.kwargs["pk"])
        return AuditEvent.objects.filter(project=project)


def _tagged(response: Response) -> Response:
    response["ETag"] = _etag(response.data)
    return response


def _etag(data: Any) -> str:
    return etags.etag_of(data, SETTINGS)
