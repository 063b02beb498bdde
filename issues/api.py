"""The API of issues and sessions: reading them, and asking the verbs for start, retry, skip and stop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from issues import verbs
from issues.listing import IssueFilters, SessionFilters
from issues.models import IssueSession
from issues.serializers import IssueSerializer, SessionSerializer, StartedSerializer
from issues.transitions import Conflict
from projects.idempotency import idempotent
from projects.models import Scope
from projects.permissions import VERB_SCOPES
from projects.problems import Problem
from projects.strict import StrictViewSet


@extend_schema_view(
    list=extend_schema(description="The sessions of every project that the caller sees: one for each issue."),
    retrieve=extend_schema(description="One session: where the work on its issue stands."),
)
class SessionViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, StrictViewSet):
    queryset = IssueSession.objects.none()
    serializer_class = SessionSerializer
    filterset_class = SessionFilters
    scopes = {
        "list": Scope.READ,
        "retrieve": Scope.READ,
        "retry": VERB_SCOPES["retry"],
        "skip": VERB_SCOPES["skip"],
        "stop": VERB_SCOPES["stop"],
    }

    def get_queryset(self) -> Any:
        return IssueSession.objects.filter(self.visible_rows())

    @extend_schema(request=None, responses={202: SessionSerializer})
    @idempotent
    def retry(self, request: Request, **kwargs: Any) -> Response:
        """Open a new round of a failed session, or let a held one go on."""
        session = self.get_object()
        _act(session, verbs.retry, actor=self.actor)
        location = reverse("api:session", [session.pk], request=request)
        return Response(self.get_serializer(session).data, status=202, headers={"Location": location})

    @extend_schema(request=None, responses={200: SessionSerializer, 202: SessionSerializer})
    def skip(self, request: Request, **kwargs: Any) -> Response:
        """Leave the issue alone. 202: a worker is at it, and ends its work first."""
        return self._end(verbs.skip)

    @extend_schema(request=None, responses={200: SessionSerializer, 202: SessionSerializer})
    def stop(self, request: Request, **kwargs: Any) -> Response:
        """Hold the session for a person. 202: a worker is at it, and ends its work first."""
        return self._end(verbs.stop)

    def _end(self, verb: Callable[..., str]) -> Response:
        session = self.get_object()
        done = _act(session, verb, actor=self.actor)
        return Response(self.get_serializer(session).data, status=202 if done == verbs.RECORDED else 200)


class IssueViewSet(mixins.ListModelMixin, StrictViewSet):
    """The issues of one project."""

    queryset = IssueSession.objects.none()
    serializer_class = IssueSerializer
    filterset_class = IssueFilters
    scopes = {"list": Scope.READ, "start": VERB_SCOPES["start"]}

    def get_queryset(self) -> Any:
        project = get_object_or_404(self.visible_projects(), pk=self.kwargs["pk"])
        self.check_object_permissions(self.request, project)
        return IssueSession.objects.filter(project=project)

    def check_target(self) -> None:
        get_object_or_404(self.get_queryset(), github_issue_number=self.kwargs["num"])

    @extend_schema(request=None, responses={200: StartedSerializer, 202: StartedSerializer})
    @idempotent
    def start(self, request: Request, num: int, **kwargs: Any) -> Response:
        """Queue the issue's session. 200: it was queued or running already."""
        session = get_object_or_404(self.get_queryset(), github_issue_number=num)
        created = _act(session, verbs.start, actor=self.actor) != verbs.UNCHANGED
        location = reverse("api:session", [session.pk], request=request)
        body = SessionSerializer(session).data | {"created": created}
        return Response(body, status=202 if created else 200, headers={"Location": location})


def _act(session: IssueSession, verb: Callable[..., str], *, actor: str) -> str:
    """Carry out the verb. A refusal is 409 with the present state and what may be asked instead."""
    try:
        return verb(session, actor=actor)
    except Conflict as conflict:
        session.refresh_from_db()
        current = {"status": session.status, "step": session.step, "reason": session.reason}
        raise Problem(
            409,
            conflict.code,
            conflict.message,
            remedy=conflict.remedy,
            current=current,
            allowed_verbs=verbs.allowed_verbs(session),
        ) from conflict
