"""The API of verification: what the checks said about a session's commits, newest first."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from rest_framework import mixins

from issues.models import IssueSession
from projects.models import Scope
from projects.pagination import NewestFirst
from projects.strict import StrictViewSet
from verification.models import VerificationResult
from verification.serializers import VerificationResultSerializer


class ResultViewSet(mixins.ListModelMixin, StrictViewSet):
    """What the checks said about a session's commits, newest first."""

    queryset = VerificationResult.objects.none()
    serializer_class = VerificationResultSerializer
    pagination_class = NewestFirst
    scopes = {"list": Scope.READ}

    def get_queryset(self) -> Any:
        visible = IssueSession.objects.filter(project__in=self.visible_projects())
        session = get_object_or_404(visible.only("pk"), pk=self.kwargs["pk"])
        return VerificationResult.objects.filter(issue_session=session)
