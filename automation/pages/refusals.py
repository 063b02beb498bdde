"""Refusing what a person's role does not allow, in a sentence that says which role does."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from projects.models import Project
from projects.permissions import refusal


def require(request: HttpRequest, project: Project, scope: str) -> None:
    """Raises PermissionDenied, whose page shows the sentence."""
    if not project.allows(request.user, scope):
        raise PermissionDenied(refusal(project, scope))
