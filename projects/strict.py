"""What a request says and nobody knows is an error, not silence: parameters, fields, bodies."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db.models import Q
from rest_framework import serializers
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.viewsets import GenericViewSet

from projects.access import actor_name, of_visible_projects, with_those_of_none
from projects.models import ApiToken, Project, Scope
from projects.models.project import ProjectQuerySet
from projects.throttling import Allowance, OutOfAllowance, caller_of, count


class StrictViewSet(GenericViewSet[Any]):
    """Refuses unknown query parameters, and bodies and conditions where none is read, and says who acts.

    `scopes` names the scope of each action, `with_body` the actions that read a body, `matched` those with `If-Match`.
    """

    scopes: dict[str, str]
    with_body = frozenset({"create", "update", "partial_update"})
    matched: frozenset[str] = frozenset()
    format_kwarg = None  # set once a request has been counted, and needed to refuse one

    allowance: Allowance | None = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        self._count(request)
        super().initial(request, *args, **kwargs)
        if not self.action:
            return
        known = self.known_parameters()
        unknown = sorted(set(request.query_params) - known)
        if unknown:
            hint = f"Unknown parameter. Known here: {', '.join(sorted(known)) or 'none'}."
            raise ValidationError({name: [hint] for name in unknown})
        if request.method in SAFE_METHODS:
            return
        if "If-Match" in request.headers and self.action not in self.matched:
            raise ValidationError({"If-Match": ["Leave it out: this request takes no condition."]})
        if self.action not in self.with_body and request.data:
            raise ValidationError({"body": ["Leave it out: this request takes none."]})

    def visible_projects(self, scope: str = Scope.READ) -> ProjectQuerySet:
        """What the caller sees: the projects on which the user's role includes `scope`, within the token's list."""
        projects = Project.objects.visible_to(self.request.user, scope)
        token = self.token
        return projects.filter(pk__in=token.projects.values("pk")) if token and token.is_limited else projects

    def visible_rows(self, path: str = "project", *, or_of_none: bool = False) -> Q:
        """The condition on rows whose project, at the end of `path`, the caller sees; or that have none."""
        rows, token = of_visible_projects(self.request.user, path=path), self.token
        if token and token.is_limited:
            return rows & Q(**{f"{path}__in": token.projects.values("pk")})
        return with_those_of_none(rows, self.request.user) if or_of_none else rows

    def known_parameters(self) -> frozenset[str]:
        """The query parameters of the present action."""
        if self.action != "list":
            return frozenset()
        filterset = getattr(self, "filterset_class", None)
        pages = frozenset(getattr(self.pagination_class, "parameters", ()))
        return pages | frozenset(filterset.base_filters if filterset else ())

    def check_target(self) -> None:
        """Raises unless the caller may act on the object that the path names."""
        if "pk" in self.kwargs:
            self.get_object()

    def check_reply(self, body: Any) -> None:
        """Raises when a stored reply tells of something that is not there any more."""

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        for name, value in (self.allowance.headers if self.allowance else {}).items():
            response[name] = value
        return response

    @property
    def token(self) -> ApiToken | None:
        return self.request.auth if isinstance(self.request.auth, ApiToken) else None

    @property
    def actor(self) -> str:
        return actor_name(self.request.user, self.token)

    def _count(self, request: Request) -> None:
        """Count the request for its user or address: whoever gives a wrong token is counted by address."""
        try:
            caller, refused = caller_of(request, request.user), None
        except APIException as error:  # asked a second time, the request would be an anonymous one
            caller, refused = caller_of(request, None), error
        try:
            self.allowance = count(request, caller)
        except OutOfAllowance as refusal:
            self.allowance = refusal.allowance
            raise
        if refused is not None:
            raise refused


class StrictFields(serializers.Serializer[Any]):
    """Refuses unknown fields, numbers for text, and text that no database stores. Read-only fields may come back."""

    default_error_messages = {"invalid": "Write a JSON object, in braces."}

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            errors = {name: ["Unknown field."] for name in data if name not in self.fields}
            broken = [name for name, value in data.items() if _is_broken(value)]
            errors |= {name: ["Remove the NUL or broken character."] for name in broken}
            errors |= {
                name: ["Write a text in quotes."]
                for name, value in data.items()
                if self._is_no_text(name, value)
            }
            if errors:
                raise ValidationError(errors | self._errors_of_others(data, errors))
        return super().to_internal_value(data)

    def _errors_of_others(self, data: dict[Any, Any], errors: Collection[Any]) -> dict[Any, Any]:
        """What else is wrong, so that one answer names it all."""
        try:
            super().to_internal_value({name: value for name, value in data.items() if name not in errors})
        except ValidationError as error:
            found: dict[Any, Any] = dict(error.detail) if isinstance(error.detail, dict) else {}
            return {name: said for name, said in found.items() if name not in errors}
        return {}

    def _is_no_text(self, name: str, value: Any) -> bool:
        is_text = isinstance(self.fields.get(name), serializers.CharField)
        return is_text and isinstance(value, int | float)


def _is_broken(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value or any("\ud800" <= character <= "\udfff" for character in value)
    if isinstance(value, dict):
        return any(_is_broken(part) for pair in value.items() for part in pair)
    return isinstance(value, list) and any(_is_broken(part) for part in value)
