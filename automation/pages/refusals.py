"""Refusing what a person's role does not allow, in a sentence that says which role does."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from projects.models import Project
from projects.models.access import Role, roles_with


def require(request: HttpRequest, project: Project, scope: str) -> None:
    """Raises PermissionDenied, whose page shows the sentence."""
    if project.allows(request.user, scope):
        return
    needed = " or ".join(str(Role(role).label) for role in roles_with(scope))
    raise PermissionDenied(
        f"Your role on {project} does not allow this: {needed} is needed. Ask a manager of the project."
    )
