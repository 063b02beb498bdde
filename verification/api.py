"""The API of verification: what the checks said about a session's commits, newest first."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from rest_framework import mixins

from issues.models import IssueSession
from projects.models import Scope
from projects.strict import StrictViewSet
from verification.models import VerificationResult
from verification.serializers import VerificationResultSerializer


class ResultViewSet(mixins.ListModelMixin, StrictViewSet):
    queryset = VerificationResult.objects.none()
    serializer_class = VerificationResultSerializer
    scopes = {"list": Scope.READ}

    def get_queryset(self) -> Any:
        visible = IssueSession.objects.visible_to(self.request.user)
        session = get_object_or_404(visible, pk=self.kwargs["pk"])
        return VerificationResult.objects.filter(issue_session=session)
