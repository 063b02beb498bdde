"""What a caller may do: the token's scope and the user's role on the project must both include it.

A view names the scope of each of its actions in `scopes`. What the caller may not even see is 404, decided by
`visible_to`; what it sees and may not do is 403, decided here.
"""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from projects.models import ApiToken, Project, Role, Scope
from projects.models.access import roles_with

# What each verb of a session or project asks of a person's role, wherever it is said.
VERB_SCOPES: dict[str, Scope] = {
    "start": Scope.OPERATE,
    "retry": Scope.OPERATE,
    "skip": Scope.OPERATE,
    "stop": Scope.OPERATE,
    "sync": Scope.OPERATE,
    "start-all": Scope.OPERATE,
    "start-automation": Scope.OPERATE,
    "pause": Scope.OPERATE,
}


class HasScope(BasePermission):
    def has_permission(self, request: Request, view: Any) -> bool:
        if not request.user.is_authenticated:
            return False
        scope = required_scope(view)
        if isinstance(request.auth, ApiToken) and not request.auth.allows(scope):
            raise PermissionDenied(
                f"This token has the scope {request.auth.scope}; {scope} is needed.", code="token_scope"
            )
        return True

    def has_object_permission(self, request: Request, view: Any, obj: Any) -> bool:
        project: Project = obj if isinstance(obj, Project) else obj.project
        scope = required_scope(view)
        if not project.allows(request.user, scope):
            raise PermissionDenied(refusal(project, scope), code="role")
        return True


def refusal(project: Project, scope: str) -> str:
    """What is said to somebody whose role does not include `scope`, on pages and by the API."""
    needed = " or ".join(str(Role(role).label) for role in roles_with(scope))
    return f"Your role on {project} does not allow this: {needed} is needed. Ask a manager of the project."


def required_scope(view: Any) -> str:
    """The scope of the view's present action. What has no action (OPTIONS, a wrong method) only reads."""
    if view.action in (None, "metadata"):
        return Scope.READ
    scope: str = view.scopes[view.action]
    return scope
